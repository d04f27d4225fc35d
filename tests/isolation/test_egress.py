"""Nothing leaves (invariant I5): the guard inside Python, and the kernel behind it."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from appliance.errors import Refused, UsageError
from appliance.isolation import egress, landlock, probes, process
from appliance.settings import Settings, load

OUTSIDE = ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%lo", "0.0.0.0", "169.254.169.254"]
NAMES = ["example.com", "127.0.0.1.example.com", "localhost.example.com", "2130706433.example", "xn--e1afmkfd"]


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True).stdout.strip()


def test_the_whole_suite_runs_behind_the_guard() -> None:
    assert egress.installed()


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_connection_out_is_refused_and_names_its_destination(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(egress.EgressRefused, match="outside the allowed networks"):
        sock.connect((address, 80))
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        with pytest.raises(egress.EgressRefused) as refused:
            sock.sendto(b"x", (address, 53))
        with pytest.raises(egress.EgressRefused):
            sock.sendmsg([b"x"], [], 0, (address, 53))
        with pytest.raises(egress.EgressRefused):
            sock.connect_ex((address, 53))
    assert address in str(refused.value)
    assert isinstance(refused.value, Refused | OSError)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_not_even_looked_up(name: str) -> None:
    for look_up in (lambda: socket.getaddrinfo(name, 80), lambda: socket.gethostbyname(name),
                    lambda: socket.gethostbyname_ex(name), lambda: socket.gethostbyaddr(name),
                    lambda: socket.create_connection((name, 80))):  # fmt: skip
        with pytest.raises(egress.EgressRefused):
            look_up()


def test_libraries_see_a_connection_that_failed() -> None:
    with pytest.raises(OSError, match="outside the allowed networks"):
        urllib.request.urlopen("http://example.com", timeout=1)


def test_loopback_and_local_sockets_work(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]):
        pass
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        socket.create_connection(server.getsockname()[:2]).close()
    assert socket.getaddrinfo("localhost", 80)
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "s"))
        local.listen()
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(str(tmp_path / "s"))


def test_a_second_install_only_narrows() -> None:
    code = (
        "from appliance.isolation import egress as e\n"
        "e.install(('127.0.0.0/8', '10.0.0.0/8'), ('vllm.ward',))\n"
        "first = e.is_allowed('10.1.1.1'), e.is_allowed('vllm.ward')\n"
        "e.install(('127.0.0.1/32', '10.2.0.0/16', '192.0.2.0/24'))\n"
        "print(first, [e.is_allowed(h) for h in ('10.1.1.1', '10.2.1.1', '192.0.2.1', '127.0.0.2', 'vllm.ward')])"
    )
    assert run(code) == "(True, True) [False, True, False, False, False]"


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "everything", "10.0.0.1/8"])
def test_a_network_that_is_none_or_everything_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="allowed_networks"):
        egress.networks([text])


def test_every_route_out_is_stopped() -> None:
    layers, attempts = probes.probe(Settings())
    assert {attempt.route for attempt in attempts} == set(probes.ROUTES)
    assert [attempt.route for attempt in attempts if not attempt.stopped_by] == []
    if layers["seccomp_datagrams"]:
        by = {attempt.route: attempt.stopped_by for attempt in attempts}
        assert by["native UDP"] == by["subprocess UDP"] == "kernel"


@pytest.mark.skipif(landlock.version() < landlock.NET_SINCE, reason="this kernel's Landlock knows no TCP rules")
def test_native_code_reaches_declared_ports_only() -> None:
    code = (
        "import json, socket\n"
        "from appliance.isolation import process\n"
        "from appliance.settings import Settings\n"
        "servers = [socket.create_server(('127.0.0.1', 0)) for _ in range(2)]\n"
        "ports = [server.getsockname()[1] for server in servers]\n"
        "url = f'http://127.0.0.1:{ports[0]}/v1'\n"
        "process.enclose(Settings(engine='openai_compatible', endpoint_url=url))\n"
        "print(json.dumps([socket.socket().connect_ex(('127.0.0.1', port)) for port in ports]))"
    )
    assert json.loads(run(code)) == [0, 13]


@pytest.mark.parametrize("arguments", ["AF_INET, SOCK_DGRAM", "AF_INET6, SOCK_DGRAM", "AF_INET, SOCK_RAW, 1",
                                       "AF_INET, SOCK_STREAM, 262", "AF_PACKET, SOCK_RAW", "AF_VSOCK, SOCK_STREAM",
                                       "AF_INET, SOCK_DGRAM | SOCK_NONBLOCK"])  # fmt: skip
def test_the_ways_around_tcp_rules_are_closed(arguments: str) -> None:
    code = (
        "from socket import *\nfrom appliance.isolation.seccomp import refuse_datagrams\nassert refuse_datagrams()\n"
        f"try:\n socket({arguments})\n print('open')\nexcept PermissionError:\n print('closed')"
    )
    assert run(code) == "closed"


def test_local_sockets_and_tcp_servers_work_inside() -> None:
    code = (
        "import asyncio, socket\nfrom appliance.isolation.process import enclose, harden_process\n"
        "from appliance.settings import Settings\nharden_process()\nenclose(Settings())\n"
        "socket.socketpair(); socket.create_server(('127.0.0.1', 0)); asyncio.run(asyncio.sleep(0))\nprint('fine')"
    )
    assert run(code) == "fine"


def test_a_hardened_process_leaves_no_core_and_hides_its_memory() -> None:
    code = (
        "import ctypes, resource\nfrom appliance.isolation.process import harden_process\nharden_process()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    assert run(code) == "(0, 0) 0"


def test_only_parts_in_force_declare_ports(home: Path) -> None:
    assert process.declared_ports(load(home, endpoint_url="https://vllm.ward/v1")) == ()
    both = load(home, engine="openai_compatible", endpoint_url="https://vllm.ward/v1", index="server")
    assert process.declared_ports(both) == (443, 6333)
    assert process.declared_names(both) == ("127.0.0.1", "vllm.ward")


def test_the_environment_of_the_suite_keeps_hubs_offline() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
