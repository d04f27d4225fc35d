"""A question of two parts: each is judged by itself, and the answered one is shown although the other is not."""

from collections.abc import Sequence

from appliance.answering.answer import Abstention, Evidence, EvidenceSentence, Question
from appliance.answering.disagreement import disagreements
from appliance.answering.parts import by_part
from appliance.search.chunk import Chunk, Passage

BOTH = Question("How long may red cells run and who may give plasma?")


def sentence(text: str, document: str = "d", number: int = 0) -> EvidenceSentence:
    chunk = Chunk(f"{document}{number}", 0, text, "", (), ())
    return EvidenceSentence(Passage(chunk, document, "v", "c", "l", 1.0), 0, len(text), text, 1, (), 1.0)


CELLS = sentence("Red cells run for at most four hours.", number=1)
NURSES = sentence("Two registered nurses give plasma.", number=2)
OTHER = sentence("The ward is on the second floor.", number=3)


def select_only(*answering: tuple[str, EvidenceSentence]):  # type: ignore[no-untyped-def]
    def select(question: Question, passages: Sequence[Passage]) -> Evidence | Abstention:
        for word, found in answering:
            if word in question.text:
                return Evidence((found,), 0.8)
        return Abstention("no", (OTHER,), 0.1)

    return select


def test_both_parts_answered_are_both_shown() -> None:
    select = select_only(("red cells", CELLS), ("plasma", NURSES))
    found = by_part(BOTH, (), select, Evidence((CELLS, OTHER), 0.7))
    assert isinstance(found, Evidence)
    assert CELLS in found.sentences
    assert NURSES in found.sentences
    assert [part.answered for part in found.parts] == [True, True]


def test_one_part_answered_is_shown_and_the_other_is_named() -> None:
    found = by_part(BOTH, (), select_only(("red cells", CELLS)), Abstention("no", (OTHER,), 0.2))
    assert isinstance(found, Evidence)
    assert found.sentences == (CELLS,)
    assert [(part.text, part.answered) for part in found.parts] == [
        ("How long may red cells run", True), ("who may give plasma?", False),
    ]  # fmt: skip


def test_no_part_answered_stays_an_abstention() -> None:
    found = by_part(BOTH, (), select_only(), Abstention("no", (OTHER,), 0.2))
    assert isinstance(found, Abstention)
    assert found.related == (OTHER,)
    assert [part.answered for part in found.parts] == [False, False]


def test_a_question_of_one_part_is_left_alone() -> None:
    found = Evidence((CELLS,), 0.7)
    assert by_part(Question("How long may red cells run?"), (), select_only(), found) is found


def test_a_second_part_is_read_after_the_first() -> None:
    seen: list[str] = []

    def select(question: Question, passages: Sequence[Passage]) -> Evidence | Abstention:
        seen.append(question.text)
        return Abstention("no")

    by_part(Question("How long may red cells run and who may transport them?"), (), select, Abstention("no"))
    assert seen[1].startswith("Who may transport red cells")


def test_two_documents_that_state_different_figures_of_the_same_disagree() -> None:
    old = sentence("Red cells must be finished within 4 hours of leaving the fridge.", "sop-1")
    new = sentence("Red cells must be finished within 5 hours of leaving the fridge.", "sop-2")
    assert disagreements([old, OTHER, new]) == ((0, 2),)


def test_what_agrees_or_speaks_of_something_else_or_stands_in_one_document_does_not_disagree() -> None:
    old = sentence("Red cells must be finished within 4 hours of leaving the fridge.", "sop-1")
    same = sentence("Finish red cells within 4 hours after leaving the fridge.", "sop-2")
    elsewhere = sentence("Red cells must be finished within 5 hours of leaving the fridge.", "sop-1")
    platelets = sentence("Order plasma 30 minutes ahead from the laboratory desk.", "sop-3")
    words = sentence("Red cells must be finished soon after leaving the fridge.", "sop-4")
    assert disagreements([old, same]) == ()
    assert disagreements([old, elsewhere]) == ()
    assert disagreements([old, platelets]) == ()
    assert disagreements([old, words]) == ()
