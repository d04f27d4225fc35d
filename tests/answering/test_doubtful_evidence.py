"""On evidence that may be beside the point, what bears nothing out is no answer."""

import pytest

from appliance.answering.doubt import is_doubtful, may_say
from appliance.answering.verification import Verification


@pytest.mark.parametrize(
    ("probability", "said", "doubtful"),
    [(0.9, 0, False), (0.5, 0, True), (0.5, 1, False), (0.5, None, False), (0.3, None, True), (0.9, None, False)],
)
def test_in_the_doubtful_band_the_model_decides(probability: float, said: int | None, doubtful: bool) -> None:
    assert is_doubtful(probability, said, 0.25, 0.62) is doubtful


def test_a_subject_that_the_evidence_does_not_name_is_said_only_where_it_is_sure() -> None:
    verdict = Verification(True, 0.9, (0,), unborne=("children",))
    assert not may_say(verdict, 0.5, 0.62)
    assert may_say(verdict, 0.7, 0.62)
    assert may_say(Verification(True, 0.9, (0,)), 0.5, 0.62)
    assert not may_say(Verification(False, 0.9, (0,)), 0.9, 0.62)
