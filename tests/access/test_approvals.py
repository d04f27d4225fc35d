"""Four eyes over access policies, and what a change means in people and collections."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from appliance.access.approvals import Approvals
from appliance.access.comparing import differences, in_words
from appliance.access.labels import every_label
from appliance.access.policies import parse, read
from appliance.errors import Conflict, IntegrityFailure, NotFound, Refused, UsageError
from appliance.settings import SHIPPED_POLICIES
from appliance.storage import tables

from .conftest import PASSWORD, Room

SHIPPED = read(SHIPPED_POLICIES / "access")
WIDER = {**SHIPPED, "own.cedar": 'permit (principal, action == Action::"read", resource) when { context.hour >= 0 };'}
OTHER = {**SHIPPED, "own.cedar": "// nothing\n"}


@pytest.fixture
def approvals(room: Room) -> Approvals:
    made = Approvals(room.database)
    made.adopt(SHIPPED)
    return made


def test_what_came_first_is_in_force_and_other_files_change_nothing(approvals: Approvals) -> None:
    assert approvals.adopt(WIDER).digest == parse(SHIPPED).digest


def test_a_proposal_holds_once_somebody_else_has_approved_it(approvals: Approvals) -> None:
    proposal = approvals.propose(WIDER, "p-sam")
    assert approvals.adopt(SHIPPED).digest == parse(SHIPPED).digest
    with pytest.raises(Refused, match="you proposed this"):
        approvals.approve(proposal.digest, "p-sam")
    assert approvals.approve(proposal.digest[:12], "p-eve").digest == proposal.digest
    assert approvals.adopt(SHIPPED).digest == proposal.digest
    assert [each.status for each in approvals.all()] == ["retired", "in_force"]
    with pytest.raises(NotFound):
        approvals.approve(proposal.digest, "p-eve")


def test_of_two_who_edit_at_once_the_second_is_told(approvals: Approvals) -> None:
    mine, yours = approvals.propose(WIDER, "p-sam"), approvals.propose(OTHER, "p-eve")
    approvals.approve(mine.digest, "p-eve")
    with pytest.raises(Conflict, match="Propose it again"):
        approvals.approve(yours.digest, "p-sam")
    assert approvals.adopt(SHIPPED).digest == mine.digest
    with pytest.raises(Conflict, match="already"):
        approvals.propose(WIDER, "p-eve")
    approvals.reject(yours.digest, "p-eve")
    again = approvals.propose(OTHER, "p-eve")
    assert approvals.approve(again.digest, "p-sam").digest == again.digest


def test_wrong_policies_are_not_even_proposed(approvals: Approvals) -> None:
    with pytest.raises(UsageError, match="line 1"):
        approvals.propose({**SHIPPED, "own.cedar": "permit (principal, action, resource) when {"}, "p-sam")
    assert len(approvals.all()) == 1


def test_policies_changed_behind_the_back_in_the_database_are_found(room: Room, approvals: Approvals) -> None:
    with room.database.transaction() as connection:
        connection.execute(update(tables.access_policy).values(files=WIDER))
    with pytest.raises(IntegrityFailure):
        approvals.adopt(SHIPPED)


def test_a_comparison_names_who_gains_and_loses_what(room: Room) -> None:
    for login in ("ann", "ben", "cleo"):
        room.people.create(login, login, PASSWORD)
    room.rights.grant("ward", "user:ann", "read")
    labels, _ = every_label(room.database)
    people, now = room.people.everyone(), datetime.now(UTC)
    found = differences(parse(SHIPPED), parse(WIDER), people, labels, now)
    gaining = {each.login for each in found if each.gains == ("c-ward",) and each.right == "read"}
    assert gaining == {"ben", "cleo"}, "ann had it; the vault stays closed to all of them"
    assert in_words(found) == ["2 people gain read on 1 collection: ben, cleo"]
    back = differences(parse(WIDER), parse(SHIPPED), people, labels, now)
    assert in_words(back) == ["2 people lose read on 1 collection: ben, cleo"]
    assert in_words(differences(parse(SHIPPED), parse(OTHER), people, labels, now)) == [
        "nobody gains or loses anything"
    ]
