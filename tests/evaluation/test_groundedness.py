"""The evaluation of groundedness counts acceptance by class."""

from appliance.evaluation.groundedness import evaluate

CONTEXT = "Start the heparin infusion at 18 units/kg per hour after the bolus. Parking costs 3 euros."
ROWS = [
    {
        "id": "1",
        "context": CONTEXT,
        "claim": "The heparin infusion starts at 18 units/kg per hour.",
        "label": "supported",
        "fine": "support",
    },
    {
        "id": "2",
        "context": CONTEXT,
        "claim": "The heparin infusion starts at 80 units/kg per hour.",
        "label": "unsupported",
        "fine": "contradict",
    },
    {
        "id": "3",
        "context": CONTEXT,
        "claim": "Warfarin is stopped before surgery.",
        "label": "unsupported",
        "fine": "not_enough_info",
    },
]


def test_accepts_the_supported_and_no_other() -> None:
    result = evaluate(ROWS, None)
    assert result["balanced_accuracy"] == 1.0
    assert result["accepted"] == {"contradict": 0.0, "not_enough_info": 0.0, "support": 1.0}


def test_accepting_everything_scores_half() -> None:
    relabelled = [row | {"claim": ROWS[0]["claim"]} for row in ROWS]
    assert evaluate(relabelled, None)["balanced_accuracy"] == 0.5


def test_one_class_alone_has_no_balanced_accuracy() -> None:
    assert evaluate(ROWS[:1], None)["balanced_accuracy"] is None


def test_an_empty_context_supports_nothing() -> None:
    assert evaluate([ROWS[0] | {"context": ""}], None)["supported_accepted"] == 0.0
