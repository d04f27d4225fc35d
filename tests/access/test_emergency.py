"""Breaking the glass opens at once what its grants name, for an hour at most, and a second person reviews it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.access.emergency import Emergencies
from appliance.access.grants import Person, Purpose
from appliance.access.people import People
from appliance.access.policies import load
from appliance.access.rights import Rights
from appliance.access.scope import Access
from appliance.audit.log import AuditLog
from appliance.documents.collections import Collections
from appliance.errors import AuditUnavailable, NotFound, Refused, UsageError
from appliance.settings import SHIPPED_POLICIES
from tests import stores

REASON = "unconscious after a fall, allergies unknown"


class Ward:
    """A ward with a clinician who may break the glass, a privacy officer, and a clock that a test moves."""

    def __init__(self, opened: stores.Stores, log: AuditLog) -> None:
        self.time = datetime(2026, 11, 25, 12, tzinfo=UTC)
        self.log = log
        people = People(opened.database, opened.keys)
        collections = Collections(opened.database, opened.keys)
        rights = Rights(opened.database)
        for name, classification in (("ward", 0), ("vip", 3), ("bank", 0)):
            collections.create(name, "strict", classification=classification)
        for name in ("ward", "vip"):
            rights.grant(name, "group:clinicians", "read", (Purpose.EMERGENCY,))
            rights.grant(name, "group:clinicians", "identify", (Purpose.EMERGENCY,))
        clinicians = frozenset({"clinicians"})
        self.carla = people.create("carla", "Carla", "correct horse battery", groups=clinicians)
        self.bob = people.create("bob", "Bob", "correct horse battery")
        roles = frozenset({"privacy_officer"})
        self.petra = people.create("petra", "Petra", "correct horse battery", roles=roles, groups=clinicians)
        self.access = Access(opened.database, load(SHIPPED_POLICIES), lambda: self.time)
        self.emergencies = Emergencies(opened.database, opened.keys, log, lambda: self.time)

    def sees(self, person: Person, purpose: Purpose = Purpose.EMERGENCY) -> int:
        return len(self.access.readable(person, purpose).collections)

    def events(self) -> list[tuple[str, str]]:
        return [(r.actor, r.public["phase"]) for r in self.log.records() if r.kind == "emergency_access"]


@pytest.fixture
def ward(home: Path) -> Iterator[Ward]:
    with stores.opened(home) as opened:
        log = AuditLog.open(opened.settings, opened.keys)
        yield Ward(opened, log)
        log.close()


def test_the_purpose_alone_opens_nothing_and_the_broken_glass_opens_what_its_grants_name(ward: Ward) -> None:
    assert ward.access.may_break_glass(ward.carla)
    assert ward.sees(ward.carla) == 0
    made = ward.emergencies.open(ward.carla, "ETREAT", REASON)
    assert ward.events() == [(ward.carla.id, "opened")]
    assert ward.sees(ward.carla) == 1  # not what is above the clearance, and not the bank
    assert ward.access.readable(ward.carla, Purpose.EMERGENCY).search_by_identity
    assert ward.sees(ward.carla, Purpose.TREATMENT) == 0
    assert ward.sees(ward.petra) == 0
    assert made.reason not in str(made)


def test_it_ends_by_itself_after_an_hour_and_stays_ended(ward: Ward) -> None:
    ward.emergencies.open(ward.carla, "BTG", REASON)
    ward.time += timedelta(minutes=59, seconds=59)
    assert ward.sees(ward.carla) == 1
    ward.time += timedelta(seconds=1)
    assert ward.sees(ward.carla) == 0
    with pytest.raises(UsageError, match="at most 60"):
        ward.emergencies.open(ward.carla, "BTG", REASON, minutes=61)
    ward.emergencies.open(ward.carla, "BTG", REASON, minutes=5)
    ward.emergencies.end(ward.carla)
    assert ward.sees(ward.carla) == 0
    assert [phase for _, phase in ward.events()] == ["opened", "opened", "ended"]


def test_who_has_no_grant_for_it_cannot_break_the_glass(ward: Ward) -> None:
    assert not ward.access.may_break_glass(ward.bob)


@pytest.mark.parametrize(
    ("code", "reason"), [("", REASON), ("CURIOUS", REASON), ("ETREAT", "because"), ("BTG", " " * 20)]
)
def test_without_a_code_and_a_reason_nothing_opens(ward: Ward, code: str, reason: str) -> None:
    with pytest.raises(UsageError):
        ward.emergencies.open(ward.carla, code, reason)
    assert ward.events() == []


def test_what_cannot_be_recorded_opens_nothing(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.log._devices[0].fail("was pulled out")
    with pytest.raises(AuditUnavailable):
        ward.emergencies.open(ward.carla, "ETREAT", REASON)
    assert ward.sees(ward.carla) == 0
    assert ward.emergencies.all() == []


def test_a_second_person_reviews_it_once_and_overdue_ones_are_told(ward: Ward) -> None:
    made = ward.emergencies.open(ward.petra, "ETREAT", REASON)
    with pytest.raises(UsageError, match="open already"):
        ward.emergencies.open(ward.petra, "ETREAT", REASON)
    with pytest.raises(Refused, match="their own"):
        ward.emergencies.review(ward.petra, made.id, "justified", "it was me")
    assert ward.emergencies.overdue() == []
    ward.time += timedelta(hours=24, seconds=1)
    assert [each.id for each in ward.emergencies.overdue()] == [made.id]
    done = ward.emergencies.review(ward.carla, made.id, "justified", "seen in the emergency room")
    assert (done.finding, done.reviewed_by, done.note) == ("justified", ward.carla.id, "seen in the emergency room")
    assert ward.emergencies.overdue() == []
    with pytest.raises(UsageError, match="already"):
        ward.emergencies.review(ward.carla, made.id, "not justified", "")
    with pytest.raises(NotFound):
        ward.emergencies.review(ward.carla, "e-none", "justified", "")
    with pytest.raises(UsageError, match="finding"):
        ward.emergencies.review(ward.carla, made.id, "fine", "")
    assert ward.events()[-1] == (ward.carla.id, "reviewed")
