"""Signs of words: what turns a claim round, and what says the same in other words."""

import pytest

from appliance.answering.valence import assertiveness, signed, turning_features
from appliance.answering.verification import check_passage

TEXT = "Results were clear. Heparin reduced the rate of clots in the intervention group. Parking costs 3 euros."


@pytest.mark.parametrize(
    ("word", "sign"),
    [("reduces", "d"), ("knockdown", "d"), ("promotes", "u"), ("without", "n"), ("unchanged", "z"), ("heparin", "")],
)
def test_a_word_has_the_sign_of_its_stem(word: str, sign: str) -> None:
    assert signed(word)[0].sign == sign


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Heparin increases the rate of clots.", "Heparin reduces the rate of clots."),
        ("Heparin reduces the rate of clots.", "Heparin does not reduce the rate of clots."),
        ("Loss of the valve improves pressure.", "Loss of the valve impairs pressure."),
    ],
)
def test_one_turning_word_more_makes_the_parities_differ(claim: str, text: str) -> None:
    assert turning_features(claim, [text])["parity_differs"] > 0


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Heparin reduces the rate of clots.", "Heparin lowers the rate of clots."),
        ("Loss of the valve lowers pressure.", "Absence of the valve reduces pressure."),
        ("The gate closes at night.", "The gate closes at night."),
    ],
)
def test_the_same_in_other_words_leaves_the_parities_alike(claim: str, text: str) -> None:
    assert turning_features(claim, [text])["parity_differs"] == 0


def test_two_turns_in_the_claim_are_none() -> None:
    """Loss of what prevents leakage is no prevention."""
    features = turning_features("Loss of the seal prevents leakage.", ["The seal supports leakage."])
    assert features["odd"] == 0


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("Heparin reduced the rate of clots.", True),
        ("Heparin lowered the rate of clots.", True),
        ("Heparin increased the rate of clots.", False),
        ("Heparin did not reduce the rate of clots.", False),
    ],
)
def test_a_claim_is_accepted_as_its_text_points(claim: str, holds: bool) -> None:
    assert check_passage(claim, TEXT, None).supported is holds


def test_a_finding_asserts_more_than_an_aim() -> None:
    assert assertiveness("We found that heparin helps.") > assertiveness("The aim was to test whether heparin helps.")


def test_an_empty_text_gives_features_all_the_same() -> None:
    assert turning_features("Heparin helps.", [""])["most_opposing"] == 0.0
