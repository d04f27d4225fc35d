"""Accounts and sessions: no enumeration, lock-out by rate, revocation at once."""

import statistics
import time

import pytest

from appliance.access.sessions import check_csrf
from appliance.errors import NotFound, Refused, SignInRequired, TooManyRequests, UsageError

from .conftest import PASSWORD, Room


def test_the_right_password_signs_in(room: Room) -> None:
    room.people.create("nina", "Nina", PASSWORD)
    assert room.people.authenticate("nina", PASSWORD, "here").login == "nina"


def test_a_wrong_login_and_a_wrong_password_look_the_same(room: Room) -> None:
    room.people.create("nina", "Nina", PASSWORD)
    texts = []
    for login in ("nina", "nobody"):
        with pytest.raises(Refused) as caught:
            room.people.authenticate(login, "wrong password", f"from {login}")
        texts.append((str(caught.value), caught.value.http_status))
    assert texts[0] == texts[1]


def test_a_wrong_login_takes_as_long_as_a_wrong_password(room: Room) -> None:
    room.people.create("nina", "Nina", PASSWORD)
    medians = []
    for login in ("nina", "nobody"):
        times = []
        for attempt in range(7):
            started = time.perf_counter()
            with pytest.raises(Refused):
                room.people.authenticate(login, "wrong password", f"{login}{attempt}")
            times.append(time.perf_counter() - started)
        medians.append(statistics.median(times))
    assert 1 / 3 < medians[0] / medians[1] < 3


def test_a_guesser_is_slowed_by_source_and_cannot_lock_others_out(room: Room) -> None:
    room.people.create("nina", "Nina", PASSWORD)
    for _ in range(10):
        with pytest.raises(Refused):
            room.people.authenticate("nina", "wrong password", "attacker")
    with pytest.raises(TooManyRequests):
        room.people.authenticate("nina", PASSWORD, "attacker")
    assert room.people.authenticate("nina", PASSWORD, "elsewhere").login == "nina"


def test_no_password_stands_in_the_database(room: Room, tmp_path) -> None:
    room.people.create("nina", "Nina", PASSWORD)
    assert not any(PASSWORD.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("login", "password", "roles"),
    [
        ("Nina!", PASSWORD, {"reader"}),
        ("nina", "short", {"reader"}),
        ("nina", PASSWORD, {"god"}),
        ("", PASSWORD, set()),
    ],
)
def test_a_bad_account_is_refused(room: Room, login: str, password: str, roles: set[str]) -> None:
    with pytest.raises(UsageError):
        room.people.create(login, "Nina", password, roles=frozenset(roles))
    assert room.people.everyone() == []


def test_a_login_is_used_once(room: Room) -> None:
    room.people.create("nina", "Nina", PASSWORD)
    with pytest.raises(UsageError, match="in use"):
        room.people.create("nina", "Other", PASSWORD)


def test_a_session_ends_with_sign_out_and_with_the_account(room: Room) -> None:
    nina = room.people.create("nina", "Nina", PASSWORD)
    first, second = room.sessions.open(nina), room.sessions.open(nina)
    assert room.sessions.resolve(first).person == nina
    room.sessions.close(first)
    with pytest.raises(SignInRequired):
        room.sessions.resolve(first)
    room.people.deactivate("nina")
    with pytest.raises(SignInRequired):
        room.sessions.resolve(second)
    with pytest.raises(NotFound):
        room.people.by_login("nina")


@pytest.mark.parametrize("token", [None, "", "guess", "\0", "x" * 10_000])
def test_an_unknown_token_is_nobody(room: Room, token: str | None) -> None:
    with pytest.raises(SignInRequired):
        room.sessions.resolve(token)


def test_no_token_stands_in_the_database(room: Room, tmp_path) -> None:
    token = room.sessions.open(room.people.create("nina", "Nina", PASSWORD))
    assert not any(token.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_form_without_its_token_is_refused(room: Room) -> None:
    session = room.sessions.resolve(room.sessions.open(room.people.create("nina", "Nina", PASSWORD)))
    check_csrf(session, session.csrf)
    for given in (None, "", session.csrf[:-1], "é"):
        with pytest.raises(Refused):
            check_csrf(session, given)


def test_a_malformed_grant_is_refused(room: Room) -> None:
    for principal, right in (("nurses", "read"), ("group:", "read"), ("group:a b", "read"), ("group:nurses", "own")):
        with pytest.raises(UsageError):
            room.rights.grant("ward", principal, right)
    with pytest.raises(NotFound):
        room.rights.grant("nowhere", "group:nurses", "read")
    room.rights.grant("ward", "group:nurses", "read")
    room.rights.grant("ward", "group:nurses", "read")
    assert len(room.rights.of("ward")) == 1
