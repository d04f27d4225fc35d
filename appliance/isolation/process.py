"""Shut the serving process in, at its start: no core dumps (invariant I1), and the kernel's share of silence (I5).

`enclose` comes before anything starts a thread: Landlock holds for the calling thread and what it starts.
"""

import ctypes
import os
import resource
from urllib.parse import urlsplit

from appliance.isolation import egress, landlock, seccomp
from appliance.settings import Settings

PR_SET_DUMPABLE = 4
DEFAULT_PORTS = {"http": 80, "https": 443, "ldap": 389, "ldaps": 636, "postgresql": 5432}


def shut_in(settings: Settings) -> dict[str, bool]:
    """Everything a process that handles documents wears: the guard, no core dumps, the kernel's layers.

    Call it first thing, before libraries start threads. Returns what `enclose` returns.
    """
    egress.install(settings.allowed_networks, declared_names(settings))
    harden_process()
    return enclose(settings)


def harden_process() -> None:
    """No core dump of this process's memory, and no reading of it by other processes of the same user.

    Raises OSError when the kernel refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def enclose(settings: Settings) -> dict[str, bool]:
    """Let the kernel refuse what the settings do not declare: TCP to other ports, and every datagram.

    Irrevocable for this process and all it starts. Returns which layers took hold, by name; a layer that the
    kernel lacks is False, and `appliance doctor egress` says so. `whole_process` is False when threads were
    running already: those keep their freedom to connect by native code.
    """
    alone = len(os.listdir("/proc/self/task")) == 1
    return {
        "landlock_tcp": landlock.restrict_connect(declared_ports(settings)),
        "seccomp_datagrams": seccomp.refuse_datagrams(),
        "whole_process": alone,
    }


def declared_urls(settings: Settings) -> tuple[str, ...]:
    """Addresses that the settings in force declare: a model endpoint, a Qdrant server, who vouches for people,
    a PostgreSQL server."""
    urls = [url for url in (settings.ldap_url, settings.oidc_issuer) if url]
    if urlsplit(settings.database_url).hostname:
        urls.append(settings.database_url)
    if settings.engine == "openai_compatible" and settings.endpoint_url:
        urls.append(settings.endpoint_url)
    if settings.index == "server":
        urls.append(settings.qdrant_url)
    return tuple(urls)


def declared_ports(settings: Settings) -> tuple[int, ...]:
    """TCP ports of the declared addresses; empty with the embedded parts, which connect to nothing."""
    parts = [urlsplit(url) for url in declared_urls(settings)]
    return tuple(sorted({part.port or DEFAULT_PORTS.get(part.scheme, 80) for part in parts}))


def declared_names(settings: Settings) -> tuple[str, ...]:
    """Host names of the declared addresses, which may be looked up."""
    return tuple(sorted({part.hostname for url in declared_urls(settings) if (part := urlsplit(url)).hostname}))
