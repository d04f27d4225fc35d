"""A warm parser whose parse does what a file that took it over would do; started by the sandbox's tests.

The document's content names the attack; what came of it is the text of the one block written.
"""

import ctypes
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from appliance.parser import child, main, wire
from appliance.parser.limits import Limits
from appliance.parser.output import Output


def tcp() -> object:
    return socket.create_connection(("127.0.0.1", 9), 1)


def udp() -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))


def unix() -> object:
    return socket.socket(socket.AF_UNIX)


def native() -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.socket(2, 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "socket")
    return "a socket"


def write() -> object:
    return Path("/tmp/appliance-hostile").write_text("x")


def read_secret() -> object:
    return Path("/etc/passwd").read_text()


def read_memory() -> object:
    return Path("/proc/self/environ").read_text()


def run_program() -> object:
    return subprocess.run(["/bin/true"], check=True)


def replace_itself() -> object:
    return os.execv("/bin/true", ["/bin/true"])


def fork() -> object:
    return os.fork()


def kill_parent() -> object:
    return os.kill(os.getppid(), 9)


def raise_limit() -> object:
    return resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6))


def code_in_memory() -> object:
    import mmap

    return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def environment() -> object:
    return sorted(os.environ)


def descriptors() -> object:
    found = []
    for number in range(64):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return found


def memory() -> object:
    return len(bytearray(4 * 1024**3))


def native_memory() -> object:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    return "no memory" if not libc.malloc(ctypes.c_size_t(4 * 1024**3)) else "memory"


def loop() -> object:
    while True:
        pass


def sleep() -> object:
    while True:
        time.sleep(1)


def crash() -> object:
    return ctypes.string_at(0)


ATTACKS = {
    f.__name__: f
    for f in (
        *(tcp, udp, unix, native, write, read_secret, read_memory, run_program, replace_itself, fork, kill_parent),
        *(raise_limit, code_in_memory, environment, descriptors, memory, native_memory, loop, sleep, crash),
    )
}


def parse(content: bytes, kind: str, out, limits: object = None) -> None:
    name, _, rest = content.partition(b"\n")
    if name == b"raw":
        out.write(rest)
        return
    output = Output(out, Limits())
    output.head(kind, 1)
    output.page(1)
    try:
        said = f"done: {ATTACKS[name.decode()]()}"
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        said = f"refused: {type(error).__name__}"
    except MemoryError:
        return output.error("limit")
    output.block("paragraph", said)
    output.end()


def render(content: bytes, kind: str, pages, dpi: int, out, limits: object = None) -> None:
    wire.write_frame(out, wire.HEAD, b'{"kind": "%s", "pages": 1}' % kind.encode())
    wire.write_frame(out, wire.PAGE, b'{"number": 1, "width": 2, "height": 2, "scale": 1.0}')
    wire.write_frame(out, wire.PIXELS, content)
    wire.write_frame(out, wire.END, struct.pack(">2s", b"{}"))


if __name__ == "__main__":
    main.parse, main.render = parse, render
    main.warm = main.warm_ocr = lambda *_, **__: None
    sys.exit(child.run())
