"""Sign-in against a real slapd: TLS or nothing, no injection, no empty password, groups mapped, leavers gone."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from appliance.access.grants import Person
from appliance.access.joining import Attributes, GroupMap, Joining
from appliance.access.ldap import Directory, authenticate, is_there
from appliance.errors import Refused, Unavailable, UsageError

from . import slapd as server_room
from .conftest import Room
from .slapd import BASE, PASSWORD, SEARCHER, SLAPD, Slapd, modify

pytestmark = pytest.mark.skipif(SLAPD is None, reason="slapd is not installed: run `sh deploy/setup.sh --tests`")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    running = server_room.start(tmp_path_factory.mktemp("slapd"))
    yield running
    running.stop()


@pytest.fixture
def directory(server: Slapd) -> Directory:
    return Directory(
        f"ldaps://127.0.0.1:{server.tls_port}", f"ou=people,{BASE}", bind_dn=SEARCHER, password=PASSWORD,
        ca_file=server.ca_file, group_base=f"ou=groups,{BASE}",
    )  # fmt: skip


def test_the_right_password_signs_in_with_groups_by_name_and_by_place(directory: Directory) -> None:
    known = authenticate(directory, "nina", PASSWORD)
    assert known is not None
    assert (known.login, known.name, known.provider) == ("nina", "Person 0", "ldap")
    assert known.groups == (f"cn=ward-3,ou=groups,{BASE}", "ward-3")
    assert len(known.subject) == 36, "entryUUID, which stays when the entry is renamed"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", "\0", "é" * 200])
def test_a_wrong_or_an_empty_password_does_not(directory: Directory, password: str) -> None:
    assert authenticate(directory, "nina", password) is None


@pytest.mark.parametrize("login", ["nobody", "", "nina)(uid=*", "*)(uid=*", "\\2a", "n*", "nina\0"])
def test_a_login_is_a_value_and_never_a_pattern(directory: Directory, login: str) -> None:
    assert authenticate(directory, login, PASSWORD) is None


def test_logins_that_look_like_filters_are_people_like_others(directory: Directory) -> None:
    assert authenticate(directory, "o)(uid=*", PASSWORD).name == "Person 2"
    assert authenticate(directory, "*", PASSWORD).name == "Person 3"


def test_an_unknown_login_takes_as_long_as_a_wrong_password(directory: Directory) -> None:
    medians = []
    for login in ("nina", "nobody"):
        times = []
        for _ in range(9):
            started = time.perf_counter()
            assert authenticate(directory, login, "wrong") is None
            times.append(time.perf_counter() - started)
        medians.append(statistics.median(times))
    assert 1 / 2.5 < medians[0] / medians[1] < 2.5


def test_start_tls_protects_a_plain_port_and_without_it_no_password_is_sent(
    server: Slapd, directory: Directory
) -> None:
    plain = replace(directory, url=f"ldap://127.0.0.1:{server.port}")
    assert authenticate(plain, "nina", PASSWORD) is not None
    with pytest.raises(Unavailable, match="searching account"):
        authenticate(replace(plain, without_tls=True), "nina", PASSWORD)  # this slapd demands TLS for passwords


def test_a_directory_with_a_certificate_of_somebody_else_is_not_spoken_to(
    directory: Directory, tmp_path: Path
) -> None:
    server_room.certificates(tmp_path)
    with pytest.raises(Unavailable):
        authenticate(replace(directory, ca_file=tmp_path / "ca.pem"), "nina", PASSWORD)
    with pytest.raises(Unavailable):
        authenticate(replace(directory, ca_file=None), "nina", PASSWORD)


def test_a_directory_that_is_down_or_refuses_its_searcher_is_said_to_be(directory: Directory) -> None:
    with pytest.raises(Unavailable, match="searching account"):
        authenticate(replace(directory, password="wrong"), "nina", PASSWORD)
    with pytest.raises(Unavailable):
        authenticate(replace(directory, url=f"ldaps://127.0.0.1:{server_room.free_port()}"), "nina", PASSWORD)


def test_an_address_that_is_no_directory_is_refused_at_start() -> None:
    for url in ("", "http://127.0.0.1", "ldap://"):
        with pytest.raises(UsageError):
            Directory(url, BASE)


def test_who_has_left_the_directory_is_not_there(server: Slapd, directory: Directory) -> None:
    modify(
        server,
        f"dn: cn=leaver,ou=people,{BASE}\nchangetype: add\nobjectClass: inetOrgPerson\ncn: leaver\nsn: L\nuid: leaver\n"
        f"userPassword: {PASSWORD}\n",
    )
    before = authenticate(directory, "leaver", PASSWORD)
    assert is_there(directory, "leaver") == before
    modify(server, f"dn: cn=leaver,ou=people,{BASE}\nchangetype: delete\n")
    assert is_there(directory, "leaver") is None
    assert authenticate(directory, "leaver", PASSWORD) is None


def test_people_of_the_directory_sign_in_beside_local_ones_and_follow_it(
    server: Slapd, directory: Directory, room: Room
) -> None:
    keys = room.people._keys
    joining = Joining(room.database, keys, room.people, GroupMap({"ward-3": ["group:ward"]}))
    seen = []

    def elsewhere(login: str, password: str) -> Person | None:
        seen.append((login, password))
        known = authenticate(directory, login, password)
        return joining.admit(known, "ldap") if known else None

    room.people.elsewhere = elsewhere
    room.people.create("local", "Local", PASSWORD)
    nina = room.people.authenticate("nina", PASSWORD, "here")
    assert (nina.groups, nina.roles) == ({"ward"}, {"reader"})
    assert room.people.authenticate("nina", PASSWORD, "here").id == nina.id
    assert room.people.authenticate("local", PASSWORD, "here").login == "local"
    assert seen[-1] == ("local", ""), "the directory never sees a local account's password"
    for login in ("nina", "local", "nobody"):
        with pytest.raises(Refused, match="login or the password"):
            room.people.authenticate(login, "wrong", "here")
    room.people.deactivate("nina")
    with pytest.raises(Refused):
        room.people.authenticate("nina", PASSWORD, "elsewhere")
    assert [each.login for each in joining.of("ldap")] == []


def test_a_login_that_is_a_local_account_s_is_not_taken_over(directory: Directory, room: Room) -> None:
    room.people.create("otto", "Local Otto", "another password")
    joining = Joining(room.database, room.people._keys, room.people, GroupMap({}))
    with pytest.raises(Refused, match="cannot be used"):
        joining.admit(authenticate(directory, "otto", PASSWORD), "ldap")


def test_local_people_sign_in_while_the_directory_is_down(room: Room) -> None:
    def elsewhere(login: str, password: str) -> Person | None:
        raise Unavailable("the directory cannot be used")

    room.people.elsewhere = elsewhere
    room.people.create("local", "Local", PASSWORD)
    assert room.people.authenticate("local", PASSWORD, "here").login == "local"
    with pytest.raises(Unavailable):
        room.people.authenticate("nina", PASSWORD, "here")


@limits(max_examples=40, deadline=None)
@given(answer=st.binary(max_size=60))
def test_an_answer_that_is_no_ldap_is_an_error_and_nothing_else(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        url = f"ldap://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(Unavailable):
            authenticate(Directory(url, BASE, without_tls=True, seconds=2), "nina", PASSWORD)
        thread.join()


def test_the_table_gives_what_it_names_and_nothing_else() -> None:
    table = GroupMap(
        {"CN=Ward-3, OU=Groups": ["group:ward"], "cleared": ["clearance:2", "compartment:crypto", "role:auditor"]}
    )
    assert table.attributes(["cn=ward-3,ou=groups", "CLEARED", "domain admins"]) == Attributes(
        frozenset({"ward"}), frozenset({"reader", "auditor"}), 2, frozenset({"crypto"})
    )
    assert table.attributes(["administrators"]) == Attributes()
    for word in ("ward", "group:", "role:god", "clearance:-1", "clearance:1000", "group:a b", "owner:x"):
        with pytest.raises(UsageError, match="means nothing"):
            GroupMap({"x": [word]})
