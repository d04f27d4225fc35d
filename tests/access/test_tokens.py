"""API tokens: scoped, kept as digests, ended by time, revocation and with the account; the clock never goes back."""

from datetime import UTC, datetime, timedelta

import pytest

from appliance.access.clock import Clock
from appliance.access.tokens import Tokens
from appliance.errors import NotFound, Refused, SignInRequired, UsageError

from .conftest import PASSWORD, Room


class SetClock(Clock):
    """A clock whose system time a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.system = datetime(2026, 11, 25, tzinfo=UTC)

    def _read(self) -> datetime:
        return self.system


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def tokens(room: Room, clock: SetClock) -> Tokens:
    room.people.create("nina", "Nina", PASSWORD)
    return Tokens(room.database, room.people, clock)


def test_a_token_acts_as_its_person_for_its_scopes_only(tokens: Tokens) -> None:
    text, made = tokens.create("nina", frozenset({"ask"}), 1)
    holder = tokens.verify(text, "ask")
    assert (holder.person.login, holder.token) == ("nina", made)
    with pytest.raises(Refused, match="not for write"):
        tokens.verify(text, "write")


def test_no_secret_stands_in_the_database(tokens: Tokens, tmp_path) -> None:
    text, _ = tokens.create("nina", frozenset({"ask"}), 1)
    secret = text.split("_", 2)[2].encode()
    assert not any(secret in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_every_token_that_does_not_stand_gets_one_answer(room: Room, tokens: Tokens, clock: SetClock) -> None:
    """Malformed, forged, revoked, expired, of an ended account: same words, same status."""
    expired, _ = tokens.create("nina", frozenset({"ask"}), 1)
    clock.system += timedelta(days=2)
    revoked, made = tokens.create("nina", frozenset({"ask"}), 1)
    tokens.revoke(made.id)
    forged = revoked[:-4] + "AAAA"
    room.people.create("tim", "Tim", PASSWORD)
    orphan, _ = tokens.create("tim", frozenset({"ask"}), 1)
    room.people.deactivate("tim")
    told = set()
    for text in (None, "", "x", "apl_", "apl_" + "0" * 16 + "_" + "A" * 43, expired, revoked, forged, orphan,
                 revoked + "\n", "é" * 64, "x" * 100_000):  # fmt: skip
        with pytest.raises(SignInRequired) as caught:
            tokens.verify(text, "ask")
        told.add((str(caught.value), caught.value.http_status))
    assert len(told) == 1


def test_a_clock_that_is_set_back_brings_no_token_and_no_session_to_life(
    room: Room, tokens: Tokens, clock: SetClock
) -> None:
    text, _ = tokens.create("nina", frozenset({"ask"}), 1)
    clock.system += timedelta(days=2)
    with pytest.raises(SignInRequired):
        tokens.verify(text, "ask")
    clock.system -= timedelta(days=2)
    with pytest.raises(SignInRequired):
        tokens.verify(text, "ask")
    restarted = SetClock()
    restarted.saw((datetime(2026, 11, 25, tzinfo=UTC) + timedelta(days=2)).isoformat())
    with pytest.raises(SignInRequired):
        Tokens(room.database, room.people, restarted).verify(text, "ask")


@pytest.mark.parametrize(("scopes", "days"), [(set(), 1), ({"god"}, 1), ({"ask"}, 0), ({"ask"}, 100_000)])
def test_a_token_without_scope_or_end_is_refused(tokens: Tokens, scopes: set[str], days: int) -> None:
    with pytest.raises(UsageError):
        tokens.create("nina", frozenset(scopes), days)
    assert tokens.all() == []


def test_revoking_twice_is_the_same_as_once_and_an_unknown_one_is_said_to_be(tokens: Tokens, clock: SetClock) -> None:
    _, made = tokens.create("nina", frozenset({"ask"}), 9)
    first = tokens.revoke(made.id)
    clock.system += timedelta(hours=1)
    assert tokens.revoke(made.id) == first
    with pytest.raises(NotFound):
        tokens.revoke("0" * 16)
