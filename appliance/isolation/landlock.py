"""Landlock, as far as the serving process needs it: outgoing TCP to declared ports only, for good.

Unlike the Python guard it holds for native code and for programs that this process starts. It knows ports,
not addresses, and TCP, not UDP (`seccomp.py` stands for that); it needs Linux 6.7 (version 4 of its interface).

Source: landlock(7) and the kernel's `include/uapi/linux/landlock.h`.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

SYS_CREATE_RULESET, SYS_ADD_RULE, SYS_RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_NET_PORT = 2
ACCESS_NET_CONNECT_TCP = 1 << 1
NET_SINCE = 4
PR_SET_NO_NEW_PRIVS = 38


def version() -> int:
    """Version of the kernel's Landlock interface; 0 where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(ctypes.c_long(SYS_CREATE_RULESET), None, ctypes.c_size_t(0), CREATE_RULESET_VERSION)
    return max(0, int(answer))


def restrict_connect(ports: Iterable[int]) -> bool:
    """Refuse (EACCES) every outgoing TCP connection of this thread and its offspring but those to `ports`.

    Returns False where the kernel cannot. Raises OSError when it should be able to and does not.
    """
    if version() < NET_SINCE:
        return False
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *arguments: object) -> int:
        result = int(libc.syscall(ctypes.c_long(number), *arguments))
        if result < 0:
            raise OSError(ctypes.get_errno(), "landlock")
        return result

    attributes = struct.pack("=QQ", 0, ACCESS_NET_CONNECT_TCP)
    ruleset = call(SYS_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    try:
        for port in ports:
            call(SYS_ADD_RULE, ruleset, RULE_NET_PORT, struct.pack("=QQ", ACCESS_NET_CONNECT_TCP, port), 0)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        call(SYS_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True
