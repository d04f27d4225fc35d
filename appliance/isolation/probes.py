"""Try to leave by every route, as the appliance runs, and say what stopped each attempt.

`probe` starts a process that puts on what `serve` wears (the Python guard, then the kernel's layers) and then
tries. Destinations are addresses and names that are reserved for documentation and belong to nobody (RFC 5737,
RFC 3849, RFC 6761). An attempt is stopped only when nothing can have been sent: a connection that was refused
or timed out was sent.
"""

import ctypes
import errno
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from appliance import settings as all_settings
from appliance.isolation import egress, process
from appliance.settings import Settings

ADDRESS, ADDRESS_6, NAME, PORT = "192.0.2.1", "2001:db8::1", "doctor.appliance.invalid", 4431
SECONDS = 3
BY_KERNEL = {errno.EPERM, errno.EACCES}
NO_WAY_OUT = {errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_SYSTEM = -2, -3, -4, -11
PROGRAM = (
    "import socket,sys\n"
    "s = socket.socket(socket.AF_INET, getattr(socket, sys.argv[1])); s.settimeout(3)\n"
    f"s.connect(('{ADDRESS}', {PORT})); s.send(b'x')"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way out that was tried. `stopped_by` is `python guard`, `kernel`, `no route`, or empty: something left."""

    route: str
    stopped_by: str
    detail: str


def probe(settings: Settings) -> tuple[dict[str, bool], list[Attempt]]:
    """The kernel's layers that took hold in a fresh process, and what became of each attempt to leave it."""
    prefix = all_settings.ENVIRONMENT_PREFIX
    environment = {name: value for name, value in os.environ.items() if name.startswith(prefix)}
    command = [sys.executable, "-I", "-m", "appliance.isolation.probes", str(settings.home)]
    ran = subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=120)
    if ran.returncode:
        return {}, [Attempt("all", "", f"the probing process ended with status {ran.returncode}")]
    told = json.loads(ran.stdout)
    return told["layers"], [Attempt(**attempt) for attempt in told["attempts"]]


def main(home: str) -> None:
    """Put on the layers, try, and print what happened as JSON."""
    settings = all_settings.load(home)  # type: ignore[arg-type]  # a string does
    layers = process.shut_in(settings)
    attempts = [_try(route, work) for route, work in ROUTES.items()]
    print(json.dumps({"layers": layers, "attempts": attempts}))


def _try(route: str, work: Callable[[], str]) -> dict[str, str]:
    try:
        return {"route": route, "stopped_by": "", "detail": work()}
    except egress.EgressRefused:
        return {"route": route, "stopped_by": "python guard", "detail": "refused before any system call"}
    except TimeoutError:
        return {"route": route, "stopped_by": "", "detail": "sent, and nothing answered"}
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, str(error.errno))
        by = "kernel" if error.errno in BY_KERNEL else "no route" if error.errno in NO_WAY_OUT else ""
        said = {"kernel": "refused by the kernel", "no route": "this machine has no way there, so no layer was tested"}
        return {"route": route, "stopped_by": by, "detail": f"{said.get(by, 'sent')} ({name})"}


def _python(family: int, kind: int, address: str) -> str:
    with socket.socket(family, kind) as sock:
        sock.settimeout(SECONDS)
        sock.connect((address, PORT))
        sock.send(b"x")
    return "something was sent"


def _look_up() -> str:
    socket.getaddrinfo(NAME, PORT)
    return "a name was looked up"


def _native(kind: int) -> str:
    """Connect and send through the C library, which Python's audit hooks do not see."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK, 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "socket")
    try:
        target = struct.pack("=H", socket.AF_INET) + struct.pack(">H", PORT) + socket.inet_aton(ADDRESS) + bytes(8)
        if libc.connect(descriptor, target, len(target)) < 0:
            code = ctypes.get_errno()
            if code != errno.EINPROGRESS:
                raise OSError(code, "connect")
        return "something was sent"
    finally:
        os.close(descriptor)


def _native_look_up() -> str:
    """Ask the C library's resolver. EAI_AGAIN says that it could not ask anybody."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = ctypes.c_void_p()
    code = libc.getaddrinfo(NAME.encode(), None, None, ctypes.byref(found))
    if code in (EAI_AGAIN, EAI_SYSTEM, EAI_FAIL):
        raise OSError(errno.EPERM, "getaddrinfo")
    return "a resolver was asked" if code != EAI_NONAME else "a resolver answered that there is no such name"


def _program(kind: str) -> str:
    """A program of its own, without the guard."""
    code = PROGRAM + "\n"
    wrapped = "import sys\ntry:\n  exec(sys.argv[2])\nexcept OSError as e:\n  sys.exit(min(e.errno or 200, 200))\n"
    command = [sys.executable, "-I", "-c", wrapped, kind, code]
    ran = subprocess.run(command, capture_output=True, timeout=30, check=False)
    if ran.returncode:
        raise OSError(errno.ETIMEDOUT if ran.returncode == 200 else ran.returncode, "program")
    return "something was sent"


ROUTES: dict[str, Callable[[], str]] = {
    "TCP": lambda: _python(socket.AF_INET, socket.SOCK_STREAM, ADDRESS),
    "UDP": lambda: _python(socket.AF_INET, socket.SOCK_DGRAM, ADDRESS),
    "DNS": _look_up,
    "IPv6": lambda: _python(socket.AF_INET6, socket.SOCK_STREAM, ADDRESS_6),
    "native TCP": lambda: _native(socket.SOCK_STREAM),
    "native UDP": lambda: _native(socket.SOCK_DGRAM),
    "native DNS": _native_look_up,
    "subprocess TCP": lambda: _program("SOCK_STREAM"),
    "subprocess UDP": lambda: _program("SOCK_DGRAM"),
}


if __name__ == "__main__":
    main(sys.argv[1])
