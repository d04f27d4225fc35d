"""Text leaves the parser readable, storable and otherwise untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.parser.hygiene import clean, decode, keep_length

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)


@given(ANY_TEXT)
def test_cleaned_text_can_be_encoded_and_holds_no_controls(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not any(ord(ch) < 32 and ch not in "\n\t" for ch in cleaned)
    assert clean(cleaned) == cleaned


@given(ANY_TEXT)
def test_offsets_survive_the_last_guard(text: str) -> None:
    kept = keep_length(text)
    assert len(kept) == len(text)
    kept.encode("utf-8")


def test_hidden_characters_are_kept_for_screening_and_nothing_is_normalised() -> None:
    text = "Jo\u200bhn \u202eevil\u202c e\u0301 \uff21"
    assert clean(text) == text


def test_nul_inside_a_number_does_not_part_it() -> None:
    assert clean("123\x00-45\r\nx") == "123-45\nx"


@given(st.binary(max_size=300))
def test_any_bytes_can_be_decoded(content: bytes) -> None:
    assert isinstance(decode(content), str)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_is_read_in_its_encoding(encoding: str) -> None:
    text = "Frau Müller wohnt in der Königstraße 12 in München und ist Patientin der Klinik. " * 3
    assert decode(text.encode(encoding)) == text
