"""Who may read what: grants, purposes, clearance, compartments; and the proofs that only access makes."""

import random
import re

import pytest

from appliance.access.decisions import LabelFacts, allowed_labels, principals
from appliance.access.grants import Person, Purpose, ReadableScope, ReadGrant, WriteGrant
from appliance.access.policies import AccessPolicies, load
from appliance.errors import NotFound, Refused, UsageError
from appliance.settings import SHIPPED_POLICIES

from .conftest import PASSWORD, Room


def nurse(room: Room) -> Person:
    return room.people.create("nina", "Nina", PASSWORD, groups=frozenset({"nurses"}))


def test_a_scope_cannot_be_made_outside_access() -> None:
    with pytest.raises(TypeError):
        ReadableScope(object(), "p", Purpose.TREATMENT, frozenset({"l"}), frozenset({"c"}), "d")
    with pytest.raises(TypeError):
        ReadGrant(object(), "p", "d", "l")
    with pytest.raises(TypeError):
        WriteGrant(object(), "p", "c")


def test_without_a_grant_a_person_reads_nothing(room: Room) -> None:
    assert room.access.readable(nurse(room), Purpose.TREATMENT).labels == frozenset()


def test_a_grant_holds_for_its_purpose_only(room: Room) -> None:
    person = nurse(room)
    room.rights.grant("ward", "group:nurses", "read", (Purpose.TREATMENT,))
    assert room.access.readable(person, Purpose.TREATMENT, "ward").collections == {"c-ward"}
    assert room.access.readable(person, Purpose.RESEARCH).labels == frozenset()


def test_a_revoked_grant_is_gone_at_the_next_question(room: Room) -> None:
    person = nurse(room)
    room.rights.grant("ward", "user:nina", "read")
    assert room.access.readable(person, Purpose.TREATMENT).labels
    room.rights.revoke("ward", "user:nina", "read")
    assert not room.access.readable(person, Purpose.TREATMENT).labels


def test_a_foreign_and_a_missing_collection_are_the_same_answer(room: Room) -> None:
    person = nurse(room)
    answers = []
    for name in ("vault", "no-such-collection"):
        with pytest.raises(NotFound) as caught:
            room.access.readable(person, Purpose.TREATMENT, name)
        answers.append((str(caught.value), caught.value.http_status, caught.value.exit_code))
    assert answers[0] == answers[1]


def test_a_grant_does_not_lift_clearance_or_need_to_know(room: Room) -> None:
    room.rights.grant("vault", "group:staff", "read")
    low = room.people.create("low", "Low", PASSWORD, groups=frozenset({"staff"}), clearance=1)
    uncleared = room.people.create("uncleared", "U", PASSWORD, groups=frozenset({"staff"}), clearance=4)
    cleared = room.people.create(
        "cleared", "C", PASSWORD, groups=frozenset({"staff"}), clearance=2, compartments=frozenset({"crypto"})
    )
    readers = [p.login for p in (low, uncleared, cleared) if room.access.readable(p, Purpose.OPERATIONS).labels]
    assert readers == ["cleared"]


def test_adding_needs_a_write_grant(room: Room) -> None:
    person = nurse(room)
    with pytest.raises(NotFound):
        room.access.writable(person, "ward")
    room.rights.grant("ward", "group:nurses", "read")
    with pytest.raises(Refused) as caught:
        room.access.writable(person, "ward")
    assert "not add" in str(caught.value)
    room.rights.grant("ward", "user:nina", "write")
    assert room.access.writable(person, "ward").collection == "c-ward"


def test_finding_by_name_is_a_right_of_its_own_and_never_for_research(room: Room) -> None:
    person = nurse(room)
    room.rights.grant("ward", "group:nurses", "read")
    assert not room.access.readable(person, Purpose.TREATMENT, "ward").search_by_identity
    room.rights.grant("ward", "group:nurses", "identify")
    assert room.access.readable(person, Purpose.TREATMENT, "ward").search_by_identity
    assert not room.access.readable(person, Purpose.RESEARCH, "ward").search_by_identity


def test_seeing_names_again_and_reviewing_are_rights_of_their_own(room: Room) -> None:
    person = nurse(room)
    room.rights.grant("ward", "group:nurses", "read")
    room.rights.grant("ward", "group:nurses", "identify")
    assert room.access.revealable(person, Purpose.TREATMENT).collections == frozenset()
    assert room.access.reviewable(person, Purpose.TREATMENT).collections == frozenset()
    room.rights.grant("ward", "group:nurses", "reveal", (Purpose.TREATMENT, Purpose.RESEARCH))
    room.rights.grant("ward", "user:nina", "review", (Purpose.OPERATIONS,))
    assert room.access.revealable(person, Purpose.TREATMENT).collections == {"c-ward"}
    assert room.access.revealable(person, Purpose.TREATMENT, "vault").collections == frozenset()
    assert room.access.revealable(person, Purpose.RESEARCH).collections == frozenset()
    assert room.access.reviewable(person, Purpose.OPERATIONS).collections == {"c-ward"}
    assert room.access.reviewable(person, Purpose.TREATMENT).collections == frozenset()


def test_who_may_not_read_a_collection_sees_no_name_of_it(room: Room) -> None:
    person = nurse(room)
    for right in ("reveal", "review"):
        room.rights.grant("vault", "user:nina", right)
        room.rights.grant("ward", "user:nina", right)
    assert room.access.revealable(person, Purpose.OPERATIONS).collections == frozenset()
    assert room.access.reviewable(person, Purpose.OPERATIONS).collections == {"c-ward"}  # the vault's label forbids


def test_roles_give_no_documents(room: Room) -> None:
    boss = room.people.create("boss", "Boss", PASSWORD, roles=frozenset({"administrator", "auditor"}))
    assert room.access.may(boss, "administer")
    assert room.access.may(boss, "audit")
    assert not room.access.readable(boss, Purpose.AUDIT).labels
    with pytest.raises(Refused):
        room.access.require(nurse(room), "audit")


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ('permit (principal, action == Action::"read", resource) when {', "parse"),
        ('permit (principal, action == Action::"read", resource) when { resource.colour == 1 };', "colour"),
        ('forbid (principal, action == Action::"fly", resource);', "fly"),
    ],
    ids=["syntax", "unknown attribute", "unknown action"],
)
def test_a_policy_that_is_wrong_is_refused_at_load(tmp_path, extra: str, word: str) -> None:
    folder = tmp_path / "access"
    folder.mkdir()
    for file in (SHIPPED_POLICIES / "access").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "zz.cedar").write_text(extra)
    with pytest.raises(UsageError, match=word):
        load(tmp_path)


def test_a_home_whose_schema_is_older_than_a_right_denies_it_and_keeps_the_others(tmp_path) -> None:
    folder = tmp_path / "access"
    folder.mkdir()
    for file in (SHIPPED_POLICIES / "access").iterdir():
        text = file.read_text("utf-8")
        for lost in ("reveal", "review"):
            text = text.replace(f', "{lost}"', "").replace(f', Action::"{lost}"', "")
            text = re.sub(rf'  "{lost}ers".*\n', "", text)
            text = re.sub(rf'@id\("{lost}-by-grant"\)[^;]*;', "", text)
        (folder / file.name).write_text(text)
    label = LabelFacts("l", "c", readers=frozenset({"user:nina@*"}), revealers=frozenset({"user:nina@*"}))
    person = Person("p", "nina", "Nina")
    older = load(tmp_path)
    assert allowed_labels(older, person, Purpose.TREATMENT, "read", [label]) == {"l"}
    assert allowed_labels(older, person, Purpose.TREATMENT, "reveal", [label]) == frozenset()
    assert allowed_labels(load(SHIPPED_POLICIES), person, Purpose.TREATMENT, "reveal", [label]) == {"l"}


def test_an_empty_policy_set_is_refused(tmp_path) -> None:
    (tmp_path / "access").mkdir()
    with pytest.raises(UsageError, match="no access policies"):
        load(tmp_path)


def test_a_forbid_that_errors_denies(tmp_path) -> None:
    folder = tmp_path / "access"
    folder.mkdir()
    for file in (SHIPPED_POLICIES / "access").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    # overflows at run time, which Cedar reports as an error and skips
    (folder / "zz.cedar").write_text(
        'forbid (principal, action == Action::"read", resource) when { principal.clearance + 9223372036854775807 < 0 };'
    )
    policies = load(tmp_path)
    person = Person("p", "nina", "Nina", clearance=3)
    label = LabelFacts("l", "c", readers=frozenset({"user:nina@*"}))
    assert allowed_labels(policies, person, Purpose.TREATMENT, "read", [label]) == frozenset()
    assert allowed_labels(load(SHIPPED_POLICIES), person, Purpose.TREATMENT, "read", [label]) == {"l"}


def reference(person: Person, purpose: Purpose, action: str, label: LabelFacts) -> bool:
    """The shipped policies, said again in plain Python."""
    keys = {f"{name}@{suffix}" for name in principals(person) for suffix in (purpose.value, "*")}
    holders = {
        "read": label.readers, "write": label.writers, "identify": label.identifiers, "reveal": label.revealers,
        "review": label.reviewers,
    }[action]  # fmt: skip
    if action in ("identify", "reveal") and purpose is Purpose.RESEARCH:
        return False
    if person.clearance < label.classification or not label.compartments <= person.compartments:
        return False
    return bool(keys & holders)


def disagreements(policies: AccessPolicies, cases: int, seed: int) -> list[tuple[object, ...]]:
    draw = random.Random(seed)
    groups, parts = ["nurses", "doctors", "clerks", "guards"], ["a", "b", "c"]
    found = []
    for case in range(cases):
        login = draw.choice(["nina", "otto", "pia"])
        person = Person(
            f"p-{login}", login, login,
            groups=frozenset(draw.sample(groups, draw.randint(0, 2))),
            clearance=draw.randint(0, 3), compartments=frozenset(draw.sample(parts, draw.randint(0, 3))),
        )  # fmt: skip
        purpose = draw.choice(list(Purpose))

        def holders() -> frozenset[str]:
            names = [f"group:{g}" for g in groups] + ["user:nina", "user:otto", "user:pia"]
            chosen = draw.sample(names, draw.randint(0, 3))
            return frozenset(f"{n}@{draw.choice(['*', *(p.value for p in Purpose)])}" for n in chosen)

        label = LabelFacts(
            f"l{case}", "c", draw.randint(0, 3), frozenset(draw.sample(parts, draw.randint(0, 2))),
            holders(), holders(), holders(), holders(), holders(),
        )  # fmt: skip
        action = draw.choice(["read", "write", "identify", "reveal", "review"])
        said = label.digest in allowed_labels(policies, person, purpose, action, [label])
        if said != reference(person, purpose, action, label):
            found.append((person, purpose, action, label, said))
    return found


def test_cedar_and_a_plain_reference_agree_on_generated_cases() -> None:
    assert disagreements(load(SHIPPED_POLICIES), 3000, seed=20261125) == []


@pytest.mark.campaign
def test_cedar_and_a_plain_reference_agree_on_a_million_cases() -> None:
    assert disagreements(load(SHIPPED_POLICIES), 1_000_000, seed=1) == []
