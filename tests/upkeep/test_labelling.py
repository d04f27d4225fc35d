"""A document told apart: recorded first, in force at once, whole after a kill at any step."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.access.grants import Person, Purpose
from appliance.access.policies import parse, read
from appliance.access.rights import Rights
from appliance.audit.log import AuditLog
from appliance.documents.document import Original
from appliance.errors import AuditUnavailable, NotFound, Refused, UsageError
from appliance.search.lexical import Lexicon
from appliance.settings import SHIPPED_POLICIES
from appliance.upkeep import labelling
from appliance.upkeep.labelling import Labelled, label_document
from tests.upkeep.test_deletion import House, vector

REDACTED_AT = "strict", "digest"


def rooms(house: House) -> labelling.Rooms:
    held = house.held
    return labelling.Rooms(house.access, held.log, held.catalog, held.store, lambda: held.index)


def tell(house: House, document: str, **changes: Any) -> Labelled:
    return label_document(rooms(house), document, changes, actor="petra")


def found(house: House, who: Person, purpose: Purpose = Purpose.TREATMENT) -> set[str]:
    """Versions that a search finds for somebody, as the journey of a question searches."""
    held, scope = house.held, house.access.readable(who, purpose)
    hidden = held.catalog.hidden_versions(scope.labels)
    sparse = Lexicon(held.keys).document("word")
    return {each.version for each in held.index.search(scope, vector("word"), sparse, 500, hidden)}


@pytest.fixture
def ward(house: House) -> House:
    """The house, whose ward `group:ward` may read and `user:edda` may add to."""
    rights = Rights(house.held.database)
    rights.grant("ward", "group:ward", "read")
    for right in ("read", "write"):
        rights.grant("ward", "user:edda", right)
    return house


NINA = Person("p-nina", "nina", "Nina", frozenset({"ward"}))
CARLA = Person("p-carla", "carla", "Carla", frozenset({"ward", "cardiology"}), clearance=3,
               compartments=frozenset({"crypto"}))  # fmt: skip
EDDA = Person("p-edda", "edda", "Edda", clearance=3, compartments=frozenset({"crypto"}))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"classification": 3}, id="classification"),
        pytest.param({"compartments": ["crypto"]}, id="compartment"),
        pytest.param({"need_to_know": ["group:cardiology"]}, id="need to know"),
    ],
)
def test_what_is_said_of_one_document_holds_for_it_alone(ward: House, changes: dict[str, Any]) -> None:
    told, other = ward.add("told.txt"), ward.add("other.txt")
    assert found(ward, NINA) == found(ward, CARLA) == {told.id, other.id}
    made = tell(ward, told.document, **changes)
    assert made.versions == (told.id,)
    assert found(ward, NINA) == {other.id}
    assert found(ward, CARLA) == {told.id, other.id}
    with pytest.raises(NotFound):
        ward.access.document(NINA, Purpose.TREATMENT, told.document, made.label)
    assert ward.access.document(CARLA, Purpose.TREATMENT, told.document, made.label)


def test_consent_withdrawn_leaves_care_and_nothing_else(ward: House) -> None:
    told = ward.add("told.txt")
    tell(ward, told.document, consent_withdrawn=True)
    assert found(ward, NINA, Purpose.TREATMENT) == {told.id}
    assert found(ward, NINA, Purpose.RESEARCH) == found(ward, NINA, Purpose.OPERATIONS) == set()


def test_what_is_taken_back_leaves_the_first_label(ward: House) -> None:
    told = ward.add("told.txt")
    first = tell(ward, told.document, classification=2).label
    tell(ward, told.document, need_to_know=["group:cardiology"])
    assert tell(ward, told.document, need_to_know=[]).label == first
    assert tell(ward, told.document, classification=2) == Labelled(
        told.document, first, {"collection": told.collection, "classification": 2, "compartments": []}, ()
    )


def test_a_legal_hold_forbids_whoever_may_delete(ward: House) -> None:
    told = ward.add("told.txt")
    free = tell(ward, told.document, classification=0).label
    ward.access.erase(EDDA, free)
    with pytest.raises(Refused):
        ward.access.erase(NINA, free)
    held = tell(ward, told.document, legal_hold=True).label
    with pytest.raises(Refused):
        ward.access.erase(EDDA, held)


def test_terms_are_counted_under_the_label_of_now(ward: House) -> None:
    told = ward.add("told.txt")
    ward.add("other.txt")
    chunks, _ = ward.statistics()
    label = tell(ward, told.document, classification=1).label
    assert ward.statistics()[0] == chunks
    before = _counts(ward, label)
    ward.held.store.recount(label)
    assert _counts(ward, label) == before != []


def test_a_new_version_bears_the_label_of_its_document(ward: House) -> None:
    told = ward.add("told.txt")
    label = tell(ward, told.document, classification=3).label
    again = Original("told.txt", "text", b"another content", "0" * 64)
    made, fresh = ward.held.catalog.receive(ward.held.catalog.collection("ward"), "open", again, *REDACTED_AT)
    assert (fresh, made.document, made.label) == (True, told.document, label)


def test_a_version_that_is_being_worked_on_is_put_right_when_it_is_indexed(ward: House) -> None:
    held = ward.held
    told = ward.add("told.txt")
    label = tell(ward, told.document, classification=3).label
    held.index.relabel(told.id, "open")  # a worker that had read the old label wrote it just now
    assert held.catalog.labels_of([told.id]) == {told.id: label}
    assert held.catalog.hidden_versions() == frozenset()


def test_it_is_recorded_first_and_not_done_when_it_cannot_be(ward: House, monkeypatch: pytest.MonkeyPatch) -> None:
    told = ward.add("told.txt")
    size = ward.held.log.size
    made = tell(ward, told.document, classification=3)
    (record,) = ward.held.log.records(size)
    assert (record.kind, record.actor) == ("document_labelled", "petra")
    assert record.public["attributes"]["classification"] == 3
    assert (record.public["replaces"], record.public["label"]) == ("open", made.label)

    def refuse(*_: object, **__: object) -> None:
        raise AuditUnavailable("full")

    monkeypatch.setattr(AuditLog, "append", refuse)
    with pytest.raises(AuditUnavailable):
        tell(ward, told.document, classification=0)
    assert ward.held.catalog.labels_of([told.id]) == {told.id: made.label}
    assert found(ward, NINA) == set()


@pytest.mark.parametrize("step", ["relabel", "flush", "settle"])
def test_a_kill_on_the_way_hides_the_document_until_the_next_start_makes_it_good(
    ward: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    told, other = ward.add("told.txt"), ward.add("other.txt")
    of = ward.held.catalog.labelling if step == "settle" else ward.held.index

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as during:
        during.setattr(of, step, kill)
        with pytest.raises(Killed):
            tell(ward, told.document, classification=3)
    assert found(ward, NINA) == found(ward, CARLA) == {other.id}, "under neither label"
    assert labelling.complete(ward.held.catalog, ward.held.index) == 1
    assert found(ward, CARLA) == {told.id, other.id}
    assert found(ward, NINA) == {other.id}
    assert labelling.complete(ward.held.catalog, ward.held.index) == 0


def test_nonsense_is_refused_and_changes_nothing(ward: House) -> None:
    told = ward.add("told.txt")
    for wrong in (
        {"classification": 101}, {"classification": True}, {"compartments": ["a b"]}, {"need_to_know": ["nina"]},
        {"consent_withdrawn": "yes"}, {"colour": "red"}, {"collection": "another"},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            tell(ward, told.document, **wrong)
    with pytest.raises(NotFound):
        tell(ward, "0" * 32, classification=1)
    assert ward.held.catalog.labels_of([told.id]) == {told.id: "open"}


def test_a_home_whose_policies_know_nothing_of_it_says_so_instead_of_ignoring_it(ward: House) -> None:
    files = read(SHIPPED_POLICIES / "access")
    files["schema.cedarschema"] = files["schema.cedarschema"].replace('  "need_to_know"', '  // "need_to_know"')
    rules = files["access.cedar"]
    start, end = rules.index('@id("need-to-know-groups")'), rules.index('@id("consent-withdrawn")')
    files["access.cedar"] = rules[:start] + rules[end:]
    ward.access.policies = parse(files)
    told = ward.add("told.txt")
    with pytest.raises(UsageError, match="know nothing of need_to_know"):
        tell(ward, told.document, need_to_know=["group:cardiology"])
    assert tell(ward, told.document, classification=3).versions == (told.id,)
    assert found(ward, NINA) == set()


Step = tuple[int, dict[str, Any]]
SAID: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "classification": st.integers(0, 4),
        "compartments": st.lists(st.sampled_from(["crypto", "nuclear"]), unique=True),
        "need_to_know": st.lists(st.sampled_from(["group:cardiology", "user:nina", "group:ward"]), unique=True),
        "consent_withdrawn": st.booleans(),
    },
).filter(bool)


@given(steps=st.lists(st.tuples(st.integers(0, 2), SAID), max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_said_in_whatever_order_people_find_what_the_rules_say(ward: House, steps: list[Step]) -> None:
    versions = [ward.add(f"{number}-{id(steps)}.txt") for number in range(3)]
    said: list[dict[str, Any]] = [{}, {}, {}]
    for number, changes in steps:
        tell(ward, versions[number].document, **changes)
        said[number] |= changes
    mine = {version.id for version in versions}
    for who in (NINA, CARLA, EDDA):
        for purpose in (Purpose.TREATMENT, Purpose.RESEARCH):
            expected = {v.id for v, facts in zip(versions, said, strict=True) if _may(who, purpose, facts)}
            assert found(ward, who, purpose) & mine == expected


def _may(who: Person, purpose: Purpose, said: dict[str, Any]) -> bool:
    names = {f"user:{who.login}", *(f"group:{group}" for group in who.groups)}
    known = set(said.get("need_to_know", ()))
    return (
        who.clearance >= said.get("classification", 0)
        and who.compartments >= set(said.get("compartments", ()))
        and (not known or bool(known & names))
        and (not said.get("consent_withdrawn") or purpose is Purpose.TREATMENT)
    )


def _counts(house: House, label: str) -> list[tuple[int, int]]:
    from sqlalchemy import select

    from appliance.storage.tables import term_statistics

    with house.held.database.transaction() as connection:
        rows = connection.execute(select(term_statistics).where(term_statistics.c.label == label))
        return sorted((row.term, row.chunks) for row in rows)


def test_of_two_administrators_at_once_neither_undoes_what_the_other_said(ward: House) -> None:
    told = ward.add("told.txt")
    size = ward.held.log.size
    wanted = [{"classification": 2}, {"compartments": ["crypto"]}, {"need_to_know": ["group:ward"]}] * 3
    with ThreadPoolExecutor(len(wanted)) as pool:
        list(pool.map(lambda changes: tell(ward, told.document, **changes), wanted))
    (label,) = set(ward.held.catalog.labels_of([told.id]).values())
    assert tell(ward, told.document, classification=2).attributes == {
        "collection": told.collection, "classification": 2, "compartments": ["crypto"], "need_to_know": ["group:ward"],
    }  # fmt: skip
    records = list(ward.held.log.records(size))
    assert [record.public["replaces"] for record in records] == ["open", *(r.public["label"] for r in records[:-1])]
    assert records[-1].public["label"] == label
    assert ward.held.catalog.labelling.waiting() == {}
