"""What a question's words may be called in the documents: spelling, vocabulary, glossary."""

import pytest

from appliance.answering.answer import Question
from appliance.answering.expansion import expand, spelt_out
from appliance.answering.features import said_otherwise
from appliance.answering.words import stems

NOTHING = {"counts": lambda words: dict.fromkeys(words, 0), "defined": lambda phrases: []}


def _knowing(*words):
    held = {stem for word in words for stem in stems(word)}
    return lambda asked: {word: 5 if word in held else 0 for word in asked}


def _said(question):
    return {(meaning.said, meaning.meant) for meaning in question.meanings}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("presure", "pressure"), ("dilligence", "diligence"), ("warfrain", "warfarin"), ("anticoagulnt", "anticoagulant")],
)
def test_a_typing_error_is_read_as_the_word_that_the_documents_know(typed, meant):
    asked = expand(Question(f"What about {typed} here?"), _knowing(meant), NOTHING["defined"])
    assert (typed, meant) in _said(asked)
    assert meant in spelt_out(asked)
    assert asked.warnings == (f"“{typed}” was read as “{meant}”",)


def test_a_word_that_the_documents_or_english_know_is_left_alone():
    for word in ("tight", "pressure", "rivaroxaban"):
        asked = expand(Question(f"Is it {word}?"), _knowing(word, "light", "fight"), NOTHING["defined"])
        assert not [m for m in asked.meanings if m.kind == "spelling"]


def test_nothing_is_corrected_towards_words_that_no_readable_document_holds():
    assert expand(Question("What is the presure?"), **NOTHING).meanings == ()


def test_surrogates_and_codes_are_never_corrected():
    asked = expand(Question("Who is [PERSON:k7f2m4qa] at CR-1182?"), _knowing("persons"), NOTHING["defined"])
    assert asked.meanings == ()


@pytest.mark.parametrize(
    ("text", "said", "meant"),
    [
        ("Target MAP in shock?", "MAP", "mean arterial pressure"),
        ("what is dka", "dka", "diabetic ketoacidosis"),
        ("Who files the suspicious activity report?", "suspicious activity report", "SAR"),
        ("Dose of Eliquis?", "Eliquis", "apixaban"),
        ("Is the dispensary open on Tuesday?", "dispensary", "pharmacy"),
        ("cleaning after C diff", "C diff", "Clostridioides difficile"),
    ],
)
def test_abbreviations_brands_and_everyday_words_are_known_by_their_other_name(text, said, meant):
    assert (said, meant) in _said(expand(Question(text), **NOTHING))


def test_an_ordinary_word_in_small_letters_is_no_abbreviation():
    assert "mean arterial pressure" not in {m for _, m in _said(expand(Question("a map of the site"), **NOTHING))}


def test_what_the_documents_define_counts_in_both_directions():
    def defined(phrases):
        return [("ZQX", "zonal quench exchanger")]

    for text, said, meant in (
        ("When is the ZQX cleaned?", "ZQX", "zonal quench exchanger"),
        ("When is the zonal quench exchanger cleaned?", "zonal quench exchanger", "ZQX"),
    ):
        assert (said, meant) in _said(expand(Question(text), NOTHING["counts"], defined))
    asked = expand(Question("When is the ZQX cleaned?"), NOTHING["counts"], defined)
    assert spelt_out(asked) == "When is the ZQX (zonal quench exchanger) cleaned?"


def test_a_sentence_says_the_questions_words_by_their_other_name_and_its_numbers_by_a_range():
    asked = expand(Question("Which oil at minus 10 C for the genset?"), **NOTHING)
    assert said_otherwise(asked, "The generator takes 10W-30 from -25 to 0 degrees C").split() == ["genset", "10"]
    assert said_otherwise(asked, "The pump takes 15W-40 from 10 to 40 degrees C") == ""
