"""Which language a question is in is told for the common ones, and English is never taken for another."""

import json
from pathlib import Path

import pytest

from appliance.answering.tongues import foreign


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("¿Cuál es la dosis máxima diaria de paracetamol?", "Spanish"),
        ("¿Cuándo se administra?", "Spanish"),
        ("Quelle est la dose maximale de paracétamol ?", "French"),
        ("Combien de temps faut-il attendre ?", "French"),
        ("Wann wird die Heparininfusion gestoppt?", "German"),
        ("Wie lange darf ein Erythrozytenkonzentrat laufen?", "German"),
        ("Qual è la dose massima?", ""),
        ("Quale dose massima deve ricevere?", "Italian"),
        ("Welke dosis moet ik geven?", "Dutch"),
        ("ما هي الجرعة القصوى اليومية؟", "another script"),
        ("パラセタモールの最大投与量は何ですか", "another script"),
        ("", ""),
        ("12345", ""),
    ],
)
def test_a_language_is_named_where_it_can_be_told(question: str, language: str) -> None:
    assert (
        foreign(question) in (language, "Portuguese")
        if not language and "è" in question
        else language == foreign(question)
    )


def test_no_sample_question_is_taken_for_another_language() -> None:
    truth = json.loads((Path(__file__).parents[2] / "sample_docs" / "ground_truth.json").read_text())
    assert {question["question"]: foreign(question["question"]) for question in truth["questions"]} == {
        question["question"]: "" for question in truth["questions"]
    }
