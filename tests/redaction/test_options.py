"""What a profile's options do: dates that move with their person, fakes, findings about people only, labels only."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from appliance.redaction.detection import Detector
from appliance.redaction.fakes import _unchecked, fake
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import Profile, Rule
from appliance.redaction.redact import redact_texts
from appliance.redaction.restrictions import People, Place, applies
from appliance.redaction.screening import residual_identifiers
from appliance.redaction.shifting import is_day_first, shifted
from appliance.redaction.surrogates import EphemeralVault, new_surrogate, weeks
from appliance.redaction.vault import Vault
from tests.stores import opened

FORMATS = ("%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%Y/%m/%d")


def read(text: str, format_: str) -> date:
    return datetime.strptime(text.removeprefix("[DATE:").removesuffix("]"), format_).date()


@settings(max_examples=150, deadline=None)
@given(st.dates(date(1910, 1, 1), date(2090, 1, 1)), st.integers(-52, 52), st.sampled_from(FORMATS))
def test_a_moved_date_is_written_as_it_was_and_moved_by_exactly_that(when: date, by: int, format_: str) -> None:
    assume(format_ != "%d-%b-%Y" or when.month != 5)  # May may be short or long
    moved = shifted(when.strftime(format_), 7 * by, True)
    assert moved is not None
    assert read(moved, format_) == when + timedelta(days=7 * by)


@pytest.mark.parametrize(
    "text", ["03/04/2024", "March 2024", "3-5 March 2024", "31/02/2024", "Easter", "on 5 or 6 May 2021"]
)
def test_a_date_that_cannot_be_read_with_certainty_is_not_moved(text: str) -> None:
    assert shifted(text, 7, None) is None


def test_a_document_tells_by_itself_how_it_writes_dates() -> None:
    assert is_day_first(["13/04/2024", "02/03/2024"]) is True
    assert is_day_first(["04/13/2024"]) is False
    assert is_day_first(["04/13/2024", "13/04/2024"]) is None
    assert shifted("Tuesday, 5 March 2024 at 14:30", 14, None) == "[DATE:Tuesday, 19 March 2024 at 14:30]"


def profile(**rules: Rule) -> Profile:
    return Profile(name="t", title="t", detectors=("patterns",), rules=rules)  # type: ignore[arg-type]


SHIFT = profile(PERSON=Rule(action="surrogate", reason="t"), DATE_TIME=Rule(action="shift", reason="t"))


def found(texts: list[str], *values: tuple[int, str, str]) -> Findings:
    items = [Finding(n, texts[n].index(v), texts[n].index(v) + len(v), type_, 0.9, "t") for n, v, type_ in values]
    return Findings(tuple(items), "t", "d")


def test_intervals_of_one_person_stay_and_two_people_move_apart(home: Path) -> None:
    texts = [
        "Patient: Maria Okafor", "Admitted 1 March 2024.", "Discharged 15 March 2024.",
        "Patient: Peter Jones", "Admitted 2 March 2024.",
    ]  # fmt: skip
    findings = found(
        texts, (0, "Maria Okafor", "PERSON"), (1, "1 March 2024", "DATE_TIME"), (2, "15 March 2024", "DATE_TIME"),
        (3, "Peter Jones", "PERSON"), (4, "2 March 2024", "DATE_TIME"),
    )  # fmt: skip
    with opened(home) as stores:
        vault = Vault(stores.database, stores.keys)

        def moved(domain: str) -> list[date]:
            redacted = [text for text, _ in redact_texts(texts, findings, SHIFT, vault.domain(domain))]
            return [read(redacted[n].split(" ", 1)[1].rstrip("."), "%d %B %Y") for n in (1, 2, 4)]

        first, second, third = moved("c1")
        assert second - first == timedelta(days=14)
        assert (first - date(2024, 3, 1)).days == vault.days("c1", "OKAFOR, Maria", [])
        assert (third - date(2024, 3, 2)).days == vault.days("c1", "Peter Jones", [])
        assert moved("c1") == [first, second, third]
        vault.erase("c1", vault.surrogate_for("c1", "PERSON", "Maria Okafor"))
        amounts = {vault.days(f"c{n}", "Maria Okafor", []) for n in range(1, 12)}
        assert len(amounts) > 4


def test_a_row_of_a_table_moves_with_its_own_person() -> None:
    texts = ["Maria Okafor | 1 March 2024 | ward", "Peter Jones | 1 March 2024 | ward"]
    findings = found(
        texts, (0, "Maria Okafor", "PERSON"), (0, "1 March 2024", "DATE_TIME"), (1, "Peter Jones", "PERSON"),
        (1, "1 March 2024", "DATE_TIME"),
    )  # fmt: skip

    class Known(EphemeralVault):
        def days(self, owner: str, texts: object) -> int:
            return {"Maria Okafor": 7, "Peter Jones": -7}[owner]

    redacted = [text for text, _ in redact_texts(texts, findings, SHIFT, Known())]
    assert "[DATE:8 March 2024]" in redacted[0]
    assert "[DATE:23 February 2024]" in redacted[1]


@given(st.binary(min_size=1, max_size=32))
def test_dates_move_by_whole_weeks_up_to_a_year_and_never_by_none(random: bytes) -> None:
    days = weeks(random)
    assert days % 7 == 0
    assert 7 <= abs(days) <= 364


ORIGINALS = {
    "PERSON": "Maria Okafor", "EMAIL_ADDRESS": "m.okafor@ward3.org", "PHONE_NUMBER": "+44 20 7946 0958",
    "CREDIT_CARD": "4111 1111 1111 1111", "IBAN_CODE": "GB82 WEST 1234 5698 7654 32", "US_SSN": "123-45-6789",
    "MEDICAL_RECORD": "MRN-00482913", "IP_ADDRESS": "10.1.2.3", "URL": "https://ward3.org/x",
}  # fmt: skip


@pytest.mark.parametrize("type_", ORIGINALS)
def test_a_fake_keeps_the_form_is_the_same_each_time_and_is_nobodys_identifier(type_: str) -> None:
    original = ORIGINALS[type_]
    for _ in range(50):
        surrogate = new_surrogate(type_)
        made = fake(type_, original, surrogate)
        assert made == fake(type_, original, surrogate) != original
        assert "[" not in made
        assert residual_identifiers(f"see {made} there") == set()
        if type_ in ("PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "MEDICAL_RECORD"):
            assert [c.isdigit() for c in made] == [c.isdigit() for c in original]
    assert fake("ORGANIZATION", "Ward 3 Ltd", "[ORGANIZATION:aaaaaaaa]") == "[ORGANIZATION:aaaaaaaa]"


def test_a_document_with_fakes_says_the_same_for_the_same_person() -> None:
    rules = profile(PERSON=Rule(action="fake", reason="t"))
    texts = ["Maria Okafor came.", "Dr Okafor, Maria, left."]
    findings = found(texts, (0, "Maria Okafor", "PERSON"), (1, "Okafor, Maria", "PERSON"))
    (first, _), (second, _) = redact_texts(texts, findings, rules, EphemeralVault())
    name = first.removesuffix(" came.")
    assert second == f"Dr {name}, left."
    assert "Okafor" not in first + second


def test_person_related_leaves_what_stands_beside_nobody() -> None:
    text = "Maria Okafor lives in Leeds.\n\nThe depot in Hamburg opened in 1998.\n\nHer sister is in Bath."
    people = People([Place(0, 12, "PERSON")], text)

    def about(word: str) -> bool:
        start = text.index(word)
        return applies("person_related", Place(start, start + len(word), "LOCATION"), text, people)

    assert about("Leeds")
    assert not about("Hamburg")
    assert not about("Bath")


def test_the_options_do_what_they_say_in_the_detector(packs: Path) -> None:
    detector = Detector.open(packs)
    text = "MRN: 00482913, call 020 7946 0958.\n\nThe mill in Hamburg.\n\nMaria Okafor of Leeds was seen by Dr Hale."
    reason = "t"
    masked = Rule(action="mask", reason=reason)
    labels = Profile(
        name="l", title="l", detectors=("labels",), rules={"MEDICAL_RECORD": masked, "PHONE_NUMBER": masked}
    )
    assert {item.type for item in detector.find_text(text, labels).items} == {"MEDICAL_RECORD"}
    everything = labels.model_copy(update={"detectors": ("patterns",)})
    assert {item.type for item in detector.find_text(text, everything).items} == {"MEDICAL_RECORD", "PHONE_NUMBER"}
    places = Profile(
        name="p", title="p", detectors=("patterns", "spacy", "pii-rampart"),
        rules={"LOCATION": Rule(action="mask", only="person_related", reason=reason)},
    )  # fmt: skip
    found_places = {text[i.start : i.end] for i in detector.find_text(text, places).items}
    without = places.model_copy(update={"rules": {"LOCATION": Rule(action="mask", reason=reason)}})
    assert "Hamburg" in {text[i.start : i.end] for i in detector.find_text(text, without).items}
    assert "Hamburg" not in found_places
    assert "Leeds" in found_places


def test_a_fake_that_would_pass_one_check_is_not_mended_into_another() -> None:
    for number in range(3000):
        assert residual_identifiers(f"see {_unchecked(f'GB00 WEST 1234 5698 {number:04d} 32')} there") == set()
        assert residual_identifiers(f"see {_unchecked(f'4111 1111 1111 {number:04d}')} there") == set()
