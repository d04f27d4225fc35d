"""Old Office files through LibreOffice, shut in as far as an office suite can be: `python -m appliance.parser.office`.

The document comes on standard input, the converted one goes to standard output; nothing of it reaches a disk:

1. Namespaces of its own for users, network, mounts, processes and messages: no network at all, nobody else's
   processes, and everything ends with this one. Without them nothing is converted.
2. A file system in memory over /tmp, which is the only place that can be written; Landlock, where the kernel has
   it, leaves the rest of the machine readable only as far as programs and fonts go: no home, no data.
3. Limits of processor time, file size and memory in /tmp; no new privileges, no core dump, no system calls that
   only attacks try.

Arguments: the program, the ending of the document, the ending to convert to, seconds. What comes out is as
untrusted as what went in: it is parsed in the cage. The exit code is 0, or one of the codes below.
"""

import ctypes
import os
import resource
import struct
import subprocess
import sys
from pathlib import Path

from appliance.parser import cage

NOT_ISOLATED, FAILED = 71, 72
CLONE_NEWNS, CLONE_NEWPID = 0x00020000, 0x20000000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 1 << 18
FS_WRITE_FILE = 1 << 1
TMPFS_BYTES = 1024 * 1024 * 1024
MAX_OUTPUT_BYTES = 256 * 1024 * 1024
READABLE = ("/usr", "/lib", "/lib64", "/bin", "/opt", "/etc", "/dev", "/proc", "/sys/devices/system/cpu")
OPTIONS = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard")
_libc = ctypes.CDLL(None, use_errno=True)


def isolate() -> bool:
    """Move into namespaces with a /tmp in memory; whether that worked. The next child is the first of its own."""
    uid, gid = os.geteuid(), os.getegid()
    flags = cage.CLONE_NEWNET | cage.CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWPID
    if _libc.unshare(cage.CLONE_NEWUSER | flags) == 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    elif _libc.unshare(flags) != 0:
        return False
    if _libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) != 0:
        return False
    options = f"size={TMPFS_BYTES},mode=0700".encode()
    return bool(_libc.mount(b"tmpfs", b"/tmp", b"tmpfs", ctypes.c_ulong(MS_NOSUID | MS_NODEV), options) == 0)


def shut(seconds: int, program: Path) -> None:
    """Limits and walls for this process and all that it starts."""
    for limit, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT_BYTES),
        (resource.RLIMIT_NOFILE, 256),
    ):
        resource.setrlimit(limit, (value, value))
    _libc.prctl(cage.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _landlock(program)
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):
        return
    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in cage.DEADLY:
        if not name.startswith("execve"):
            try:
                calls.add_rule(pyseccomp.ERRNO(1), name)
            except (ValueError, OSError):  # a call that this processor does not have
                continue
    calls.load()


def _landlock(program: Path) -> None:
    version = _libc.syscall(cage.SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    rights = (1 << cage.FS_RIGHTS.get(version, max(cage.FS_RIGHTS.values()))) - 1
    attributes = struct.pack("=Q", rights)
    ruleset = _libc.syscall(cage.SYS_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    seen = cage.FS_EXECUTE | cage.FS_READ_FILE | cage.FS_READ_DIR
    places = [(name, seen) for name in (*READABLE, str(program.parent.parent))]
    for path, allowed in (*places, ("/dev/null", cage.FS_READ_FILE | FS_WRITE_FILE), ("/tmp", rights)):
        if os.path.exists(path):
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            _libc.syscall(cage.SYS_LANDLOCK_ADD_RULE, ruleset, 1, struct.pack("=Qi", allowed, descriptor), 0)
            os.close(descriptor)
    _libc.syscall(cage.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def convert(program: Path, ending: str, target: str, seconds: int) -> int:
    """Convert standard input to standard output, in a process that is shut in already."""
    source = Path("/tmp") / f"document.{ending}"
    with source.open("wb") as file:
        while block := sys.stdin.buffer.read(1 << 20):
            file.write(block)
    environment = {"HOME": "/tmp", "TMPDIR": "/tmp", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    environment["SAL_USE_VCLPLUGIN"] = "svp"  # draws in memory, asks for no display
    command = [str(program), "-env:UserInstallation=file:///tmp/profile", *OPTIONS,
               "--convert-to", target, "--outdir", "/tmp/out", str(source)]  # fmt: skip
    try:
        subprocess.run(
            command, env=environment, cwd="/tmp", timeout=2 * seconds, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        content = (Path("/tmp/out") / f"document.{target}").read_bytes()
    except (OSError, subprocess.TimeoutExpired):
        return FAILED
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
    return 0


def main() -> int:
    """Shut in, convert, end."""
    program, ending, target, seconds = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    if not isolate():
        return NOT_ISOLATED
    process = os.fork()
    if process == 0:
        _libc.prctl(cage.PR_SET_PDEATHSIG, 9, 0, 0, 0)
        _libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(MS_NOSUID | MS_NODEV), None)  # its own processes only
        shut(seconds, program)
        os._exit(convert(program, ending, target, seconds))
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else FAILED


if __name__ == "__main__":
    sys.exit(main())
