"""The figures of redaction count what is masked, and only that."""

import json

import pytest

from appliance.errors import UsageError
from appliance.evaluation.redaction import evaluate
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import load_profile
from appliance.settings import SHIPPED_POLICIES

STRICT = load_profile(SHIPPED_POLICIES, "strict")


class Marked:
    """Finds the spans it was told: the figures are what is under test here, not detection."""

    def __init__(self, *spans):
        self.spans = spans

    def find_text(self, text, profile):
        return Findings(tuple(Finding(0, a, b, t, 1.0, "told") for a, b, t in self.spans), profile.name, profile.digest)


ROW = {
    "id": "1",
    "text": "Ann Lee met Bob in Rome.",
    "entities": [
        {"start": 0, "end": 7, "type": "PERSON", "identifier": "direct", "entity_id": "a"},
        {"start": 12, "end": 15, "type": "PERSON", "identifier": "quasi", "entity_id": "b"},
        {"start": 19, "end": 23, "type": "LOCATION", "identifier": "no", "entity_id": "c"},
    ],
}


def test_half_masked_direct_name_is_a_leak():
    figures = evaluate(Marked((0, 3, "PERSON"), (12, 15, "PERSON")), STRICT, [ROW])
    assert figures["direct"]["entity_recall"] == 0.0
    assert figures["leaking_documents"] == 1.0
    assert figures["quasi"]["mention_recall"] == 1.0


def test_precision_counts_needless_labels_apart_from_identifying_ones():
    figures = evaluate(Marked((0, 7, "PERSON"), (19, 23, "LOCATION")), STRICT, [ROW])
    assert figures["character_precision"] == 1.0
    assert figures["strict_character_precision"] == 0.6
    assert figures["false_alarms"] == 0


def test_finding_beside_every_label_is_a_false_alarm():
    figures = evaluate(Marked((8, 11, "PERSON")), STRICT, [ROW])
    assert figures["false_alarms"] == 1
    assert figures["types"]["PERSON"]["precision"] == 0.0


def test_entity_counts_only_when_all_its_mentions_are_masked():
    row = {
        "id": "2",
        "text": "Lee, Lee",
        "entities": [
            {"start": 0, "end": 3, "type": "PERSON", "identifier": "direct", "entity_id": "a"},
            {"start": 5, "end": 8, "type": "PERSON", "identifier": "direct", "entity_id": "a"},
        ],
    }
    figures = evaluate(Marked((0, 3, "PERSON")), STRICT, [row])
    assert (figures["direct"]["mention_recall"], figures["direct"]["entity_recall"]) == (0.5, 0.0)


def test_misses_are_listed_by_offset_without_text():
    misses = []
    evaluate(Marked(), STRICT, [ROW], misses=misses)
    assert [miss["start"] for miss in misses] == [0, 12]
    assert "Ann" not in json.dumps(misses)


@pytest.mark.parametrize("rows", [[], [{"id": "1"}], [{"text": "a", "entities": [{"start": 0, "end": 9}]}]])
def test_malformed_data_is_refused(rows):
    with pytest.raises(UsageError):
        evaluate(Marked(), STRICT, rows)
