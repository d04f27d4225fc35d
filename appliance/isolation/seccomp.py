"""A seccomp filter for the serving process: the ways around the TCP rules of `landlock.py` are closed.

It sees numbers, not addresses, so it refuses (EPERM) whole kinds of sockets: datagram and raw sockets of IP
(UDP, DNS, ICMP), stream protocols that Landlock does not know (MPTCP, SCTP), every family but Unix, IP and
netlink, data sent along with a TCP handshake (fast open connects without `connect`), and io_uring, whose
operations pass no filter. Programs that this process starts inherit it.

Sources: seccomp(2), socket(2), RFC 7413 (TCP fast open).
"""

import errno
import socket
from contextlib import suppress
from typing import Any

ALLOWED_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
TYPE_MASK = 0xF
"""The rest of the second argument of socket() is flags."""
REFUSED_TYPES = (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_RDM, socket.SOCK_SEQPACKET, 6, 10)
MSG_FASTOPEN = 0x20000000
FASTOPEN_ARGUMENT = {"sendto": 3, "sendmsg": 2, "sendmmsg": 3}


def refuse_datagrams() -> bool:
    """Install the filter in every thread of this process, for good.

    Returns False where libseccomp is missing. Raises OSError when the kernel refuses the filter.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):
        return False
    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse, equal, masked = pyseccomp.ERRNO(errno.EPERM), pyseccomp.EQ, pyseccomp.MASKED_EQ

    def rule(name: str, *conditions: Any) -> None:
        with suppress(ValueError):  # a call that this processor does not have
            calls.add_rule(refuse, name, *conditions)

    for family in range(max(ALLOWED_FAMILIES)):
        if family not in ALLOWED_FAMILIES:
            rule("socket", pyseccomp.Arg(0, equal, family))
    rule("socket", pyseccomp.Arg(0, pyseccomp.GT, max(ALLOWED_FAMILIES)))
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in REFUSED_TYPES:
            rule("socket", pyseccomp.Arg(0, equal, family), pyseccomp.Arg(1, masked, TYPE_MASK, kind))
        rule("socket", pyseccomp.Arg(0, equal, family), pyseccomp.Arg(2, pyseccomp.GT, socket.IPPROTO_TCP))
    for name, argument in FASTOPEN_ARGUMENT.items():
        rule(name, pyseccomp.Arg(argument, masked, MSG_FASTOPEN, MSG_FASTOPEN))
    rule("io_uring_setup")
    calls.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)
    calls.load()
    return True
