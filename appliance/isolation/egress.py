"""Nothing leaves (invariant I5): the guard inside Python, which refuses readably.

An audit hook (PEP 578) sees every connect, send and name look-up that goes through Python's socket
module, whatever library makes it, and refuses destinations outside the allowed networks. It cannot be
removed once installed. It does not see sockets that native code opens by itself: for those stand the kernel
layers (`landlock.py`, `seccomp.py`, a network namespace, the service manager), which `appliance doctor egress` tries.
"""

import ipaddress
import sys
from collections.abc import Iterable
from typing import Any

from appliance.errors import Refused, UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "")
_DESTINATION_AT = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getnameinfo": 0}
_NAME_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex")

_allowed: tuple[Network, ...] | None = None
_names: frozenset[str] = frozenset(LOCAL_NAMES)


class EgressRefused(Refused, PermissionError):
    """Something tried to reach a destination outside the allowed networks.

    It is a PermissionError too, so that libraries treat it as a connection that failed.
    """

    code = "egress_refused"


def networks(allowed: Iterable[str]) -> tuple[Network, ...]:
    """Parse networks such as `127.0.0.0/8`. Raises UsageError for one that is none, or that is the whole internet."""
    parsed: list[Network] = []
    for text in allowed:
        try:
            network = ipaddress.ip_network(text.strip())
        except ValueError as error:
            raise UsageError(f"setting allowed_networks: {text!r} is no network", "Write it as 10.1.2.0/24") from error
        if network.prefixlen == 0:
            raise UsageError(f"setting allowed_networks: {text} is everything", "Name the networks of your premises")
        parsed.append(network)
    return tuple(parsed)


def install(allowed: Iterable[str], names: Iterable[str] = ()) -> None:
    """Refuse every destination outside the networks `allowed` from now on, in this process.

    `names` are host names that may be looked up (those of endpoints in the settings); what they resolve to
    must be allowed all the same. A second call may only narrow what the first allowed. Raises UsageError.
    """
    global _allowed, _names
    wanted = networks(allowed)
    if _allowed is not None:
        _allowed = tuple(network for network in wanted if any(_inside(network, old) for old in _allowed))
        _names &= {*LOCAL_NAMES, *names}
        return
    _allowed, _names = wanted, _names | set(names)
    sys.addaudithook(_hook)


def installed() -> bool:
    """Whether the guard stands in this process."""
    return _allowed is not None


def is_allowed(host: str) -> bool:
    """Whether an address may be reached or a name looked up."""
    if host in _names:
        return True
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _allowed or ())


def _inside(network: Network, other: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in _DESTINATION_AT:
        destination = arguments[_DESTINATION_AT[event]]
        if isinstance(destination, tuple) and destination:
            _refuse_outside(str(destination[0]), event)
    elif event in _NAME_LOOKUPS:
        host = arguments[0]
        if host is not None:
            _refuse_outside(host.decode("ascii", "replace") if isinstance(host, bytes) else str(host), event)
    elif event == "socket.gethostbyaddr":
        _refuse_outside(str(arguments[0]), event)


def _refuse_outside(host: str, event: str) -> None:
    if not is_allowed(host):
        raise EgressRefused(
            f"a connection to {host} was stopped: it is outside the allowed networks ({event})",
            "If it is on your premises, add its network to the setting allowed_networks",
        )
