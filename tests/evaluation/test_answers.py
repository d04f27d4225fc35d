"""The evaluation of answers counts what is shown, and nothing that is not."""

import json
from pathlib import Path

import pytest

from appliance.evaluation.answers import evaluate, gold_contexts, is_right, token_f1, verdict_of
from appliance.settings import Settings

ROWS = [
    {
        "id": "1", "question": "What rate does the heparin infusion start at?", "answerable": True,
        "answers": ["18 units/kg"], "gold_context": "a",
        "contexts": [{"id": "a", "text": "Start the heparin infusion at a rate of 18 units/kg per hour."},
                     {"id": "b", "text": "Parking costs 3 euros a day."}],
    },
    {
        "id": "2", "question": "What is the methotrexate ceiling for children in renal failure?", "answerable": False,
        "answers": [], "contexts": [{"id": "b", "text": "Parking costs 3 euros a day."}],
    },
]  # fmt: skip


def test_counts_right_answers_abstentions_and_citations(tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    result = evaluate(ROWS, None, None, Settings(home=tmp_path), out)
    assert (result["accuracy"], result["f1"], result["balanced_accuracy"]) == (1.0, 1.0, 1.0)
    assert (result["abstention_precision"], result["abstention_recall"]) == (1.0, 1.0)
    assert result["citation_recall"] == 1.0
    assert result["unsupported_rate"] == 0.0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["id"], line["status"]) for line in lines] == [("1", "answered"), ("2", "abstained")]
    assert lines[0]["citations"][0] == "a"
    assert lines[1]["answer"] == ""


def test_an_appliance_that_never_abstains_scores_half(tmp_path: Path) -> None:
    result = evaluate(ROWS, None, None, Settings(home=tmp_path, abstain_below=0.0, sure_above=0.0))
    assert result["balanced_accuracy"] == 0.5
    assert result["abstention_recall"] == 0.0


def test_only_the_first_sixty_words_count(tmp_path: Path) -> None:
    text = "The heparin infusion start rate " + "is long " * 80 + "and 18 units/kg."
    row = ROWS[0] | {"contexts": [{"id": "a", "text": text}]}
    assert evaluate([row], None, None, Settings(home=tmp_path, abstain_below=0.0, sure_above=0.0))["accuracy"] == 0.0


@pytest.mark.parametrize(
    ("shown", "answers", "right"),
    [
        ("The rate is 18 units/kg per hour.", ["18 units/kg"], True),
        ("The rate is 180 units/kg.", ["18 units/kg"], False),
        ("It has 1,452.4 million.", ["1452.4"], True),
        ("Nothing of the kind.", ["18 units/kg"], False),
        ("", [""], False),
    ],
)
def test_an_answer_is_right_when_it_holds_the_gold(shown: str, answers: list[str], right: bool) -> None:
    assert is_right(shown, {"question": "What rate?", "answers": answers}) is right


def test_every_span_of_a_multi_span_row_is_needed() -> None:
    row = {"question": "Which?", "answers": ["red", "blue"], "answer_type": "multi-span"}
    assert not is_right("red", row)
    assert is_right("blue and red", row)


def test_a_verdict_is_the_first_word() -> None:
    assert verdict_of("No, it does not.") == "no"
    assert verdict_of("The answer is yes.") == "maybe"
    assert not is_right("It says yes somewhere", {"question": "Is it?", "answers": ["yes"], "decision": "yes"})


def test_token_f1_and_gold_contexts() -> None:
    assert token_f1("the red house", "red house") == 1.0
    assert gold_contexts(ROWS[0] | {"gold_context": ""}) == {"a"}
