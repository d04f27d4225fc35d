"""Evidence becomes findings: validated identifiers stand whatever overlaps them, ordinary words fall, reasons stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.redaction.findings import Evidence
from appliance.redaction.resolution import Candidate, Spans, combine, is_validated, settle, weigh

NOTHING = Spans([])
STRUCTURED = ("EMAIL_ADDRESS", "URL", "IBAN_CODE", "CREDIT_CARD", "US_SSN", "IP_ADDRESS")
SOFT = ("PERSON", "ORGANIZATION", "LOCATION", "DATE_TIME", "ID", "PHONE_NUMBER")


def candidate(start, end, type_, score, recognizer="spacy", reason="said so"):
    return Candidate(start, end, type_, score, (Evidence(recognizer, type_, score, reason),))


def found(text, value, type_, score, recognizer="spacy"):
    start = text.index(value)
    return candidate(start, start + len(value), type_, score, recognizer)


def settled(candidates, text):
    return [(each.type, text[each.start : each.end]) for each in settle(candidates, text)]


def test_name_that_reaches_into_an_address_takes_nothing_of_it():
    text = "Page owner Joyce Stanley, joyce.stanley@depot.calder.example."
    name = found(text, "Joyce Stanley, joyce.stanley", "PERSON", 0.99, "consistency")
    mail = found(text, "joyce.stanley@depot.calder.example", "EMAIL_ADDRESS", 0.95, "email")
    assert settled([name, mail], text) == [
        ("PERSON", "Joyce Stanley"),
        ("EMAIL_ADDRESS", "joyce.stanley@depot.calder.example"),
    ]


def test_name_inside_an_identifier_gives_way_to_it():
    text = "see https://portal.example/u/MariaOkafor now"
    address = found(text, "https://portal.example/u/MariaOkafor", "URL", 0.9, "url")
    assert settled([found(text, "MariaOkafor", "PERSON", 1.0), address], text) == [("URL", text[4:-4])]


def test_long_place_around_an_identifier_is_masked_on_both_sides_of_it():
    text = "12 Quay Road, 10.20.30.40, Saltmere"
    place = candidate(0, len(text), "LOCATION", 1.0)
    address = found(text, "10.20.30.40", "IP_ADDRESS", 0.95, "ip")
    assert settled([place, address], text) == [
        ("LOCATION", "12 Quay Road"),
        ("IP_ADDRESS", "10.20.30.40"),
        ("LOCATION", "Saltmere"),
    ]


def test_partly_overlapping_identifiers_cover_both_together():
    text = "GB82WEST12345698765432 4111111111111111"
    one = candidate(0, 30, "IBAN_CODE", 0.95, "iban")
    two = candidate(20, 39, "CREDIT_CARD", 0.95, "card")
    assert [(each.start, each.end) for each in settle([one, two], text)] == [(0, 30), (30, 39)]


def test_address_keeps_its_number_that_a_pattern_only_guessed_to_be_a_code():
    text = "lives at 51500 Sherri Trace today"
    place = found(text, "51500 Sherri Trace", "LOCATION", 0.9, "address")
    code = found(text, "51500", "ID", 0.55, "labelled_code")
    assert settled([place, code], text) == [("LOCATION", "51500 Sherri Trace")]


def test_a_model_alone_validates_nothing():
    assert not is_validated(candidate(0, 9, "URL", 0.99, "pii-rampart"))
    assert is_validated(candidate(0, 9, "URL", 0.95, "url"))


def test_counter_evidence_speaks_against_models_and_never_against_a_validated_identifier():
    text = "Parkinson's disease: write to parkinson@ward.example"
    against = Spans([(0, len(text))])
    name = weigh(found(text, "Parkinson", "PERSON", 0.9), text, against, NOTHING)
    mail = found(text, "parkinson@ward.example", "EMAIL_ADDRESS", 0.95, "email")
    kept = [each for each in combine([name, mail], text) if each.score >= 0.4]
    assert settled(kept, text) == [("EMAIL_ADDRESS", "parkinson@ward.example")]
    assert any(each.recognizer == "counter_evidence" and each.score < 0 for each in name.evidence)


def test_joined_evidence_is_all_kept_and_agreement_raises_the_score():
    text = "Dr Evangelia Jopich came"
    one = found(text, "Evangelia Jopich", "PERSON", 0.6, "spacy")
    two = found(text, "Jopich", "PERSON", 0.7, "pii-rampart")
    (both,) = combine([one, two], text)
    assert {each.recognizer for each in both.evidence} == {"spacy", "pii-rampart"}
    assert both.score == pytest.approx(0.88)


def test_weak_evidence_does_not_widen_a_strong_name():
    text = "Evangelia Jopich aspirin"
    (name,) = combine([candidate(0, 16, "PERSON", 0.9), candidate(10, 24, "PERSON", 0.2, "pii-rampart")], text)
    assert text[name.start : name.end] == "Evangelia Jopich"


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("Oral vancomycin is given.", "Oral vancomycin", "PERSON"),
        ("Tighten again. Lubricate the bolts.", "Lubricate", "PERSON"),
        ("Coupling | Torque | Remark", "Torque", "PERSON"),
        ("Ward | Discharged | Ward", "Ward", "PERSON"),
        ("Skid Mounted Generator", "Skid Mounted Generator", "PERSON"),
        ("Unit Maintenance Manual", "Unit Maintenance Manual", "ORGANIZATION"),
        ("Battery 12 V, 120 Ah", "Battery 12 V", "LOCATION"),
        ("she lay on Ward 3 then", "Ward 3", "LOCATION"),
        ("Urine | Ceftriaxone 1 g", "Ceftriaxone 1 g", "LOCATION"),
        ("Background", "Background", "LOCATION"),
    ],
)
def test_ordinary_words_with_a_capital_for_their_place_are_no_finding(text, value, type_):
    start = text.rindex(value)
    weighed = weigh(candidate(start, start + len(value), type_, 0.9), text, NOTHING, NOTHING)
    assert weighed is None or weighed.score < 0.4


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("Seen by Thandi Mokoena.", "Thandi Mokoena", "PERSON"),
        ("He met Loyal Okonkwo there.", "Loyal Okonkwo", "PERSON"),
        ("Walker began early.", "Walker", "PERSON"),
        ("moved to Grand Rapids in May", "Grand Rapids", "LOCATION"),
        ("an officer of the United States came", "United States", "LOCATION"),
        ("works for Harbourview Medical", "Harbourview Medical", "ORGANIZATION"),
    ],
)
def test_names_stay_findings_though_a_part_is_an_ordinary_word(text, value, type_):
    start = text.index(value)
    weighed = weigh(candidate(start, start + len(value), type_, 0.7), text, NOTHING, NOTHING)
    assert weighed is not None
    assert weighed.score >= 0.4
    assert text[weighed.start : weighed.end] == value


def test_words_before_a_name_in_the_same_span_are_left_outside():
    text = "below 250 mg/dL. Ms Haddad wants"
    weighed = weigh(found(text, "dL. Ms Haddad", "PERSON", 0.6), text, NOTHING, NOTHING)
    assert text[weighed.start : weighed.end].endswith("Haddad")
    assert "dL" not in text[weighed.start : weighed.end]


TEXTS = st.text(alphabet="Ab1 .,@-|\n", min_size=1, max_size=40)


@st.composite
def evidence(draw):
    text = draw(TEXTS)
    items = []
    for _ in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        sure = draw(st.booleans())
        type_ = draw(st.sampled_from(STRUCTURED if sure else SOFT))
        score = 0.95 if sure else draw(st.floats(0.3, 1.0))
        items.append(candidate(start, end, type_, score, "pattern" if sure else "spacy"))
    return text, items


@given(evidence())
@settings(max_examples=300, deadline=None)
def test_findings_never_overlap_lie_in_the_text_and_cover_every_validated_identifier(case):
    text, items = case
    validated = [(each.start, each.end) for each in items if each.type in STRUCTURED]
    result = settle(combine(items, text), text)
    covered = set()
    for each in result:
        assert 0 <= each.start < each.end <= len(text)
        assert each.evidence
        assert covered.isdisjoint(range(each.start, each.end))
        covered.update(range(each.start, each.end))
    for start, end in validated:
        assert all(position in covered for position in range(start, end) if text[position].isalnum())
