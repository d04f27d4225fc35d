"""The question guard: a name finds its person for those who may ask by name, and says nothing to others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import Profile, Rule
from appliance.redaction.question import MAY_BE_SEVERAL, GuardedQuestion, QuestionGuard, guard_question
from appliance.redaction.spotting import spotted
from appliance.redaction.surrogates import SURROGATE
from appliance.redaction.together import together
from appliance.redaction.vault import Vault
from tests.stores import opened

RULES = {name: Rule(action="surrogate", reason="test") for name in ("PERSON", "MEDICAL_RECORD")}
PROFILE = Profile(
    name="test", title="Test", detectors=("patterns",), rules={**RULES, "AGE": Rule(action="generalise", reason="t")}
)


@pytest.fixture
def vault(home: Path) -> Iterator[Vault]:
    with opened(home) as stores:
        yield Vault(stores.database, stores.keys)


def ask(
    vault: Vault, text: str, *values: tuple[str, str], domains: tuple[str, ...] = ("c1",), allow: bool = True
) -> GuardedQuestion:
    items = tuple(
        Finding(0, text.index(value), text.index(value) + len(value), type_, 0.9, "test") for value, type_ in values
    )
    profiles = dict.fromkeys(domains, PROFILE)
    return guard_question(text, Findings(items, "test", "d"), PROFILE, profiles, vault, allow_identity=allow)


def shape(guarded: GuardedQuestion) -> tuple[object, ...]:
    """All of a guarded question but the random letters of its surrogates."""
    blank = SURROGATE.sub("[X]", guarded.text)
    return blank, len(guarded.terms), [(e.start, e.end, e.type) for e in guarded.entities], guarded.warnings


def test_a_typed_name_asks_with_the_surrogate_of_the_documents(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    guarded = ask(vault, "What did okafor maria take?", ("okafor maria", "PERSON"))
    assert guarded.text == f"What did {made} take?"
    assert guarded.terms == (made,)
    assert guarded.warnings == ()
    assert [guarded.text[e.start : e.end] for e in guarded.entities] == [made]


def test_not_allowed_not_there_and_not_yours_look_the_same(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    foreign = vault.surrogate_for("c2", "PERSON", "Peter Jones")
    text = "What did {} take?"
    not_allowed = ask(vault, text.format("Maria Okafor"), ("Maria Okafor", "PERSON"), allow=False)
    not_there = ask(vault, text.format("Anna Nobody"), ("Anna Nobody", "PERSON"))
    not_yours = ask(vault, text.format("Peter Jones"), ("Peter Jones", "PERSON"))
    found = ask(vault, text.format("Maria Okafor"), ("Maria Okafor", "PERSON"))
    assert shape(not_allowed) == shape(not_there) == shape(not_yours) == shape(found)
    assert made not in not_allowed.text
    assert foreign not in not_yours.text
    assert found.terms == (made,)


def test_without_the_right_a_name_is_another_surrogate_each_time(vault: Vault) -> None:
    vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    one, other = (ask(vault, "Who is Maria Okafor?", ("Maria Okafor", "PERSON"), allow=False) for _ in range(2))
    assert one.terms != other.terms


def test_the_same_lookups_are_made_with_and_without_the_right(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    lookup = vault.lookup

    def counted(*arguments: str) -> tuple[str, ...]:
        calls.append(arguments)
        return lookup(*arguments)

    monkeypatch.setattr(vault, "lookup", counted)
    for allow in (True, False):
        ask(vault, "Who is Maria Okafor?", ("Maria Okafor", "PERSON"), domains=("c1", "c2"), allow=allow)
    assert calls[:2] == calls[2:] != []


def test_a_person_of_two_collections_is_asked_for_in_both(vault: Vault) -> None:
    made = {vault.surrogate_for(domain, "PERSON", "Maria Okafor") for domain in ("c1", "c2")}
    guarded = ask(vault, "Who is Maria Okafor?", ("Maria Okafor", "PERSON"), domains=("c1", "c2"))
    assert set(guarded.terms) == made
    assert all(each in guarded.text for each in made)


def test_namesakes_are_said_to_be_perhaps_several_people(vault: Vault) -> None:
    for record in ("111", "222"):
        vault.surrogate_for("c1", "PERSON", "John Smith", hints=(("MEDICAL_RECORD", record),))
    guarded = ask(vault, "Who is John Smith?", ("John Smith", "PERSON"))
    assert len(guarded.terms) == 2
    assert MAY_BE_SEVERAL in guarded.warnings


def test_a_record_number_is_found_however_it_is_spaced(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "MEDICAL_RECORD", "MRN-00 123")
    assert ask(vault, "Notes of mrn00123?", ("mrn00123", "MEDICAL_RECORD")).terms == (made,)


def test_a_surrogate_copied_from_an_answer_stays(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    guarded = ask(vault, f"What did {made} take at 47?", (made[8:14], "MEDICAL_RECORD"), ("47", "AGE"))
    assert guarded.text == f"What did {made} take at [AGE:40-49]?"
    assert guarded.terms == (made,)
    assert [e.type for e in guarded.entities] == ["PERSON", "AGE"]


def test_a_question_guarded_holds_no_original(vault: Vault) -> None:
    for allow in (True, False):
        guarded = ask(
            vault,
            "Did Maria Okafor (MRN 99) and Okafor meet?",
            ("Maria Okafor", "PERSON"),
            ("99", "MEDICAL_RECORD"),
            allow=allow,
        )
        assert "Maria" not in repr(guarded)
        assert "99" not in SURROGATE.sub("", guarded.text)


def test_a_name_is_looked_up_only_where_documents_hold_surrogates_for_it(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    vault.surrogate_for("c2", "PERSON", "Maria Okafor")
    masking = PROFILE.model_copy(update={"rules": {"PERSON": Rule(action="mask", reason="t")}})
    findings = Findings((Finding(0, 7, 19, "PERSON", 0.9, "test"),), "test", "d")
    profiles = {"c1": PROFILE, "c2": masking}
    guarded = guard_question("Who is Maria Okafor?", findings, PROFILE, profiles, vault, allow_identity=True)
    assert guarded.terms == (made,)
    assert guarded.found == 1
    hidden = guard_question("Who is Maria Okafor?", findings, PROFILE, profiles, vault, allow_identity=False)
    assert (hidden.by_identity, hidden.found) == (1, 0)


def test_a_question_to_several_collections_is_read_under_all_their_profiles() -> None:
    strict = PROFILE.model_copy(update={"digest": "a"})
    other = Profile(
        name="other", title="t", detectors=("spacy",), digest="b",
        rules={"PERSON": Rule(action="mask", min_score=0.2, reason="t"), "DATE_TIME": Rule(action="keep", reason="t")},
    )  # fmt: skip
    both = together([strict, other])
    assert both.rules["PERSON"].action == "surrogate"
    assert both.rules["PERSON"].min_score == 0.2
    assert both.acts_on == {"PERSON", "MEDICAL_RECORD", "AGE"}
    assert set(both.detectors) == {"patterns", "spacy"}
    assert together([other, strict]) == both
    assert together([strict, strict]) is strict


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Okafor warfarin dose", "Okafor"), ("notes on OKAFOR", "OKAFOR"),
        ("what did maria okafor's ward say", "maria okafor"),
        ("Is Okaphor on warfarin?", "Okaphor"), ("OKAFOR, Maria: what dose?", "OKAFOR, Maria"),
    ],
)  # fmt: skip
def test_a_name_that_detection_may_miss_is_spotted_by_what_the_vault_knows(
    vault: Vault, question: str, word: str
) -> None:
    vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    (found,) = spotted(question, ["c1"], vault)
    assert question[found.start : found.end] == word
    assert spotted(question, ["c2"], vault) == []


def test_ordinary_words_are_nobody_although_somebody_is_called_so(vault: Vault) -> None:
    for name in ("Will May", "Rose Dose", "Grace Day"):
        vault.surrogate_for("c1", "PERSON", name)
    for question in ("Will the dose be given in May?", "may the rose be kept a day?", "When is the infusion stopped?"):
        assert spotted(question, ["c1"], vault) == []


class Blind:
    """A detector that finds nothing."""

    def find(self, texts: list[str], profile: Profile) -> Findings:
        return Findings((), profile.name, profile.digest)


def test_only_who_may_ask_by_name_is_helped_to_find_it(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    guard = QuestionGuard(Blind(), vault, lambda collection: PROFILE)  # type: ignore[arg-type]
    assert guard.guard("Okafor warfarin", ["c1"], allow_identity=True).terms == (made,)
    known, unknown = (guard.guard(f"{name} warfarin", ["c1"], allow_identity=False) for name in ("Okafor", "Lindholm"))
    assert (known.text, known.terms, known.by_identity) == ("Okafor warfarin", (), 0)
    assert (unknown.terms, unknown.by_identity) == (known.terms, known.by_identity)
