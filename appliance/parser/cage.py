"""What the kernel takes away from the parser before a document reaches it. Linux, standard library + libseccomp.

Two steps, since some are shared by all children and some need the child's own limits:

- `prepare`, once, in the single-threaded parent of all children: user, network and IPC namespaces of its own
  (the network one holds nothing but a loopback that is down), a Landlock ruleset, a seccomp filter.
- `enter`, in each child: limits, no new privileges, no capabilities, Landlock, seccomp, no core dump.

A layer that the kernel lacks is told by `prepare`, never silently absent; whether the rest is enough is the
caller's business (`documents/sandbox.py`).

Sources: landlock(7), seccomp(2), user_namespaces(7), and the kernel's `include/uapi/linux/landlock.h`.
"""

import ctypes
import errno
import os
import resource
import signal
import struct
import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLONE_NEWNET, CLONE_NEWUSER, CLONE_NEWIPC = 0x40000000, 0x10000000, 0x08000000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
LAST_CAPABILITY = 63

SYS_LANDLOCK_CREATE_RULESET, SYS_LANDLOCK_ADD_RULE, SYS_LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
FS_EXECUTE, FS_READ_FILE, FS_READ_DIR = 1 << 0, 1 << 2, 1 << 3
FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of file-system rights that each version of the interface knows; all are handled, so all are denied."""
NET_RIGHTS_SINCE, SCOPES_SINCE = 4, 6

OPEN_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
PROT_WRITE, PROT_EXEC = 2, 4

HARMLESS = (
    *("read", "pread64", "readv", "write", "writev", "close", "lseek", "fstat", "stat", "lstat", "newfstatat", "statx"),
    *("access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents64", "fcntl", "dup", "poll"),
    *("ppoll", "select", "pselect6", "munmap", "brk", "mremap", "madvise", "mincore", "membarrier", "fadvise64"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "futex", "sched_yield"),
    *("sched_getaffinity", "getcpu", "getrandom", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep"),
    *("gettimeofday", "time", "times", "getrusage", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid"),
    *("getegid", "uname", "sysinfo", "set_robust_list", "rseq", "exit", "exit_group", "tgkill", "arch_prctl"),
)
"""System calls that reading a document needs. They reach nothing but memory, clocks and descriptors that are open."""
DEADLY = (
    *("execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "bpf", "mount", "umount2", "pivot_root"),
    *("setns", "unshare", "keyctl", "add_key", "userfaultfd", "io_uring_setup", "perf_event_open", "kexec_load"),
    *("init_module", "finit_module", "pidfd_getfd", "open_by_handle_at"),
)
"""No library has a reason to try these: the child ends at once. Everything else not named is refused (EPERM)."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Cage:
    """What `prepare` built, for every child to enter."""

    protections: dict[str, bool]
    ruleset: int
    """Descriptor of the Landlock ruleset, or -1."""
    filter: Any
    """A `pyseccomp.SyscallFilter`, or None."""


def prepare() -> Cage:
    """Build the shared layers. Call it before anything of a document is here, in a process with one thread."""
    namespace = _leave_network()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(PR_SET_DUMPABLE, 0)
    ruleset, version = _ruleset()
    calls = _filter()
    protections = {
        "network_namespace": namespace,
        "seccomp": calls is not None,
        "landlock": ruleset >= 0,
        "landlock_network": version >= NET_RIGHTS_SINCE,
        "no_new_privileges": True,
        "limits": True,
        "no_core_dumps": True,
    }
    return Cage(protections, ruleset, calls)


def enter(cage: Cage, memory_bytes: int, cpu_seconds: int) -> None:
    """Shut this process in, for good. `memory_bytes` bounds its address space.

    Raises OSError when a layer that `prepare` promised cannot be applied: the child must then end.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.chdir("/")
    os.environ.clear()
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    _drop_capabilities()
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_DUMPABLE, 0)
    if cage.ruleset >= 0:
        _syscall(SYS_LANDLOCK_RESTRICT_SELF, cage.ruleset, 0)
        os.close(cage.ruleset)
    if cage.filter is not None:
        cage.filter.load()


def _leave_network() -> bool:
    """Move into namespaces of this process's own; user namespaces make that possible without being root."""
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0:
        with suppress(OSError):  # without a mapping this is nobody, who can read the libraries all the same
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        return True
    return bool(_libc.unshare(CLONE_NEWNET | CLONE_NEWIPC) == 0)


def readable() -> list[Path]:
    """What a child may read: Python, its libraries, and tables that they open late. No home, no packs, no /proc."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths.add(os.path.dirname(os.path.abspath(__file__)))
    paths.update(("/usr/lib", "/usr/lib64", "/lib", "/lib64", os.path.join(sys.base_prefix, "lib")))
    paths.update(("/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types"))
    paths.update(("/dev/null", "/dev/urandom"))
    return [Path(path) for path in sorted(paths) if path and os.path.exists(path)]


def _ruleset() -> tuple[int, int]:
    """A ruleset that handles every right this kernel knows and grants reading of `readable()`, and the version.

    (-1, 0) without Landlock.
    """
    version = _libc.syscall(SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION)
    if version < 1:
        return -1, 0
    rights = (1 << FS_RIGHTS.get(version, FS_RIGHTS[max(FS_RIGHTS)])) - 1
    net = 0b11 if version >= NET_RIGHTS_SINCE else 0
    scopes = 0b11 if version >= SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", rights, net, scopes)
    ruleset = _syscall(SYS_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    os.set_inheritable(ruleset, False)
    for path in readable():
        allowed = FS_READ_FILE | (FS_READ_DIR | FS_EXECUTE if path.is_dir() else 0)
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", allowed, descriptor)
            _syscall(SYS_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0)
        finally:
            os.close(descriptor)
    return ruleset, version


def _filter() -> Any:
    """The seccomp filter: what reading needs is allowed, what only an attack tries is deadly, the rest refused."""
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):  # the package or the system's libseccomp is missing
        return None
    calls = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    allow, masked = pyseccomp.ALLOW, pyseccomp.MASKED_EQ

    def rule(action: int, name: str, *conditions: Any) -> None:
        with suppress(ValueError, OSError):  # a call that this processor does not have
            calls.add_rule(action, name, *conditions)

    for name in HARMLESS:
        rule(allow, name)
    for name in DEADLY:
        rule(pyseccomp.KILL_PROCESS, name)
    rule(allow, "openat", pyseccomp.Arg(2, masked, OPEN_FOR_WRITING, 0))
    rule(allow, "open", pyseccomp.Arg(1, masked, OPEN_FOR_WRITING, 0))
    for flag in (PROT_EXEC, PROT_WRITE):  # memory may be written or run, never both
        rule(allow, "mmap", pyseccomp.Arg(2, masked, flag, 0))
    rule(allow, "mprotect", pyseccomp.Arg(2, masked, PROT_EXEC, 0))
    rule(allow, "prlimit64", pyseccomp.Arg(2, pyseccomp.EQ, 0))
    return calls


def _drop_capabilities() -> None:
    for capability in range(LAST_CAPABILITY + 1):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last one, or without the right to
    header = struct.pack("=Ii", 0x20080522, 0)
    if _libc.capset(header, struct.pack("=6I", *[0] * 6)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _syscall(number: int, *arguments: Any) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "system call")
    return result
