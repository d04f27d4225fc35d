"""Names compare as people do, and surrogates say nothing of what they replace."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.redaction.persons import DocumentNames, name_form
from appliance.redaction.phonetics import nysiis
from appliance.redaction.surrogates import SURROGATE, EphemeralVault, Mention, new_surrogate, normal_form


@pytest.mark.parametrize(
    "written",
    [
        "Maria Okafor", "OKAFOR, MARIA", "OKAFOR Maria", "Mrs. María Okafor", "Maria Okafor's", "Maria Oka-\nfor",
        "maria  okafor", "Dr Maria Okafor, MD", "Okafor, Maria, PhD", "Ma\u200bria Okafor", "\uff2daria Okafor",
    ],
)  # fmt: skip
def test_every_way_to_write_a_name_has_one_form(written: str) -> None:
    assert name_form(written).key == "maria okafor"


def test_a_surname_with_an_apostrophe_or_hyphen_keeps_its_letters() -> None:
    assert name_form("Seán O\u2019Brien").key == "sean obrien"
    assert name_form("Anna Smith-Jones").key == name_form("Anna Smith Jones").key


def test_a_name_made_of_title_and_credential_words_does_not_vanish() -> None:
    assert name_form("Major").key == "major"
    assert name_form("Dr").parts


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_the_form_of_any_text_is_stable_under_case_and_again(text: str) -> None:
    form = name_form(text)
    assert name_form(" ".join(form.parts)).key.replace(" ", "").isalnum() or not form.parts
    assert nysiis(form.parts[0]).isalpha() or nysiis(form.parts[0]) == "" if form.parts else True


@pytest.mark.parametrize(
    ("one", "other"),
    [("smith", "smyth"), ("okafor", "ocafor"), ("john", "jon"), ("macdonald", "mcdonald"), ("phillip", "filip"),
     ("stevens", "stephens")],
)  # fmt: skip
def test_spellings_that_sound_the_same_share_a_code(one: str, other: str) -> None:
    assert nysiis(one) == nysiis(other) != ""


@pytest.mark.parametrize(("one", "other"), [("smith", "jones"), ("okafor", "okoye"), ("garcia", "gupta")])
def test_names_that_sound_otherwise_do_not(one: str, other: str) -> None:
    assert nysiis(one) != nysiis(other)


def test_short_forms_mean_the_one_person_of_the_document_who_has_that_name() -> None:
    names = DocumentNames(["M. Okafor", "Maria Okafor", "Mrs Okafor", "OKAFOR, MARIA", "Ravi Patel", "Dr Patel"])
    for short in ("M. Okafor", "Mrs Okafor", "OKAFOR, MARIA", "Maria Okafor"):
        assert names.full(short) == "Maria Okafor"
    assert names.full("Dr Patel") == "Ravi Patel"


def test_a_short_form_that_two_persons_share_stays_by_itself() -> None:
    names = DocumentNames(["John Smith", "Jane Smith", "Smith", "J. Smith", "Smith, John"])
    assert names.full("Smith") == "Smith"
    assert names.full("J. Smith") == "J. Smith"
    assert names.full("Smith, John") == "John Smith"


def test_different_people_are_not_joined() -> None:
    names = DocumentNames(["Maria Okafor", "Maria Jones", "Peter Okafor"])
    assert len({names.full(name) for name in ("Maria Okafor", "Maria Jones", "Peter Okafor")}) == 3


def test_a_surrogate_is_forty_random_bits_and_its_type() -> None:
    made = {new_surrogate("PERSON") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"\[PERSON:[a-z2-7]{8}\]", each) and SURROGATE.fullmatch(each) for each in made)


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("PHONE_NUMBER", "(212) 555-0147", "212.555.0147"), ("MEDICAL_RECORD", "MRN-00 123", "mrn00123"),
        ("EMAIL_ADDRESS", "A.B@X.ORG", "a.b@x.org"), ("IBAN_CODE", "DE89 3704 0044", "DE8937040044"),
        ("CREDIT_CARD", "4111 1111", "4111-1111"), ("LOCATION", "12  High Street", "12 high street"),
    ],
)  # fmt: skip
def test_separators_do_not_make_another_identifier(type_: str, one: str, other: str) -> None:
    assert normal_form(type_, one) == normal_form(type_, other)


def test_the_ephemeral_vault_is_consistent_and_two_of_them_share_nothing() -> None:
    mentions = [Mention("PERSON", "Maria Okafor"), Mention("PERSON", "OKAFOR, Maria"), Mention("PERSON", "Ann Lee")]
    one, other = EphemeralVault(), EphemeralVault()
    first = one.allocate(mentions)
    assert first[0] == first[1] != first[2]
    assert one.allocate(mentions) == first
    assert not set(first) & set(other.allocate(mentions))


def test_a_mention_does_not_show_its_original() -> None:
    assert "Okafor" not in repr(Mention("PERSON", "Maria Okafor", (("MEDICAL_RECORD", "Okafor-1"),)))
