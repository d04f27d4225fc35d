"""A follow-up becomes a question of its own: pronouns, ellipsis, bare question words; what stands alone is left."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.answering.followup import standalone, surrogates, topic
from appliance.search.embedding import Embedder
from appliance.weights import open_pack

DOSE = "What is the maximum daily dose of paracetamol for adults?"
CELLS = "Within what time must a unit of red cells be finished?"
PERSON = "When was [PERSON:k7f2m4qa] discharged?"
LOAN = "What is the loan-to-value limit for a first-time buyer?"


@pytest.fixture(scope="module")
def embedder(packs: Path) -> Embedder:
    return Embedder.open(open_pack(packs, "all-minilm-l6-v2"), threads=1)


@pytest.mark.parametrize(
    ("before", "question", "meant"),
    [
        (DOSE, "and for children?", "What is the maximum daily dose of paracetamol for children?"),
        (DOSE, "in the ICU?", "What is the maximum daily dose of paracetamol for adults in the ICU?"),
        (DOSE, "Can it be given with warfarin?", "Can paracetamol be given with warfarin?"),
        (DOSE, "What is its half-life?", "What is paracetamol's half-life?"),
        (DOSE, "Why?", "Why, about paracetamol?"),
        (CELLS, "Who may give it?", "Who may give a unit of red cells?"),
        (CELLS, "What happens if that is exceeded?", "What happens if a unit of red cells is exceeded?"),
        (PERSON, "Who treated her?", "Who treated [PERSON:k7f2m4qa]?"),
        (PERSON, "What is his allergy?", "What is [PERSON:k7f2m4qa]'s allergy?"),
        (LOAN, "And for a remortgage?", "What is the loan-to-value limit for a remortgage?"),
        (LOAN, "And what happens if it is exceeded?",
         "What happens if the loan-to-value limit for a first-time buyer is exceeded?"),
    ],
)  # fmt: skip
def test_a_follow_up_is_made_whole_by_words_alone(before: str, question: str, meant: str) -> None:
    assert standalone(question, before) == meant


@pytest.mark.parametrize(
    ("before", "question", "meant"),
    [
        (DOSE, "What about ibuprofen?", "What is the maximum daily dose of ibuprofen for adults?"),
        (DOSE, "ibuprofen", "What is the maximum daily dose of ibuprofen for adults?"),
        (CELLS, "and platelets?", "Within what time must a unit of platelets be finished?"),
        (PERSON, "and admitted?", "When was [PERSON:k7f2m4qa] admitted?"),
    ],
)
def test_a_phrase_takes_the_place_of_the_one_most_like_it(
    embedder: Embedder, before: str, question: str, meant: str
) -> None:
    assert standalone(question, before, embedder.encode) == meant


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "Is it safe to give paracetamol with alcohol?",
        "When a patient falls, who examines him?",
        "How often is the APTT checked?",
        "Who can approve exceptions?",
        "When the fridge fails, is it repaired at once?",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(question: str) -> None:
    assert standalone(question, DOSE) == question


def test_a_follow_up_to_a_follow_up_goes_on_from_what_was_meant() -> None:
    second = standalone("and for children?", DOSE)
    assert standalone("Can it be given twice?", second) == "Can paracetamol be given twice?"


def test_without_a_likeness_a_phrase_is_added_and_nothing_is_lost() -> None:
    def unlike(texts: list[str]) -> np.ndarray:
        return np.eye(len(texts))

    meant = standalone("and zebras?", DOSE, unlike)
    assert "zebras" in meant
    assert "paracetamol" in meant


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=80))
def test_nothing_comes_in_but_words_of_the_two_questions(question: str, before: str) -> None:
    meant = standalone(question, before)
    assert set(surrogates(meant)) <= set(surrogates(question)) | set(surrogates(before)) | set(surrogates(before + " "))
    assert len(meant) <= len(question) + 2 * len(before) + 20
    topic(before)
