"""Doubtful words of a badly read page wait for a person; those of a page read well, and sure ones, do not."""

from appliance.documents.document import Block, Document, Page, Word
from appliance.redaction.doubtful import with_doubtful
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import load_profile
from appliance.redaction.review import reasons_for_review
from appliance.settings import load

TEXT = "Mr 0kaf0r slept x well"
WORDS = tuple(
    Word(start, end, (0, 0, 1, 1), confidence)
    for start, end, confidence in ((0, 2, 0.9), (3, 9, 0.4), (10, 15, 0.95), (16, 17, 0.1), (18, 22, 0.3))
)


def document(*warnings: str) -> Document:
    return Document("pdf", (Page(1, 9, 9, True),), (Block(1, "paragraph", TEXT, words=WORDS),), warnings)


def test_unsure_words_of_a_badly_read_page_wait_for_a_person() -> None:
    profile = load_profile(load().policies, "strict")
    none = Findings((), "strict", "x")
    found = with_doubtful(none, document("ocr_low_confidence:1"), profile)
    assert [TEXT[item.start : item.end] for item in found.items] == ["0kaf0r", "well"]
    assert "unsure of 2 spans" in reasons_for_review(found, profile)
    assert with_doubtful(none, document("ocr_low_confidence:2"), profile) == none
    assert with_doubtful(none, document(), profile) == none


def test_what_was_found_already_stays_as_it_was_found() -> None:
    profile = load_profile(load().policies, "strict")
    name = Finding(0, 0, 9, "PERSON", 0.9, "spacy")
    found = with_doubtful(Findings((name,), "strict", "x"), document("ocr_low_confidence:1"), profile)
    assert [(TEXT[i.start : i.end], i.review) for i in found.items] == [("Mr 0kaf0r", False), ("well", True)]
