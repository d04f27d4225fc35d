"""A number that stands in the evidence but belongs to another fact there never passes."""

import pytest

from appliance.answering.answer import Evidence, EvidenceSentence
from appliance.answering.binding import bound_elsewhere, facts
from appliance.answering.verification import verify
from tests.answering.examples import evidence_of, passage, question

ISOLATION = "Isolation ends 48 hours after the onset in hospital for patients over 18 years."
BOLTS = "The torque of the hub bolts is 40 Nm and the torque of the rotor bolts 25 Nm."
ROWS = "Part | Torque | Gap\nHub bolts | 40 Nm | 3 mm\nRotor bolts | 25 Nm | 5 mm"
HEPARIN = "Start the heparin infusion at 18 units/kg per hour after the bolus of 80 units/kg."
REVENUE = "Revenue rose from $10.1 million in 2018 to $12.4 million in 2019."
FEES = ("The fee for wire transfers is 15 euros.", "The fee for a stopped cheque is 25 euros.")
HAND = (
    "Alcohol rub (at least 70% ethanol, 3 mL) is rubbed in until dry, which takes 20 to 30 seconds.",
    "Soap and water, for 40 to 60 seconds, is required when hands are visibly soiled.",
)


@pytest.mark.parametrize(
    ("claim", "texts"),
    [
        ("Isolation is lifted after 18 years of hospital onset.", (ISOLATION,)),
        ("Isolation ends 18 hours after the onset.", (ISOLATION,)),
        ("The torque of the hub bolts is 25 Nm.", (BOLTS,)),
        ("The rotor bolts have a torque of 40 Nm.", (BOLTS,)),
        ("The hub bolts are tightened to 25 Nm and the rotor bolts to 40 Nm.", (BOLTS,)),
        ("The torque of the hub bolts is 25 Nm.", (ROWS,)),
        ("The torque of the rotor bolts is 5 mm.", (ROWS,)),
        ("The gap of the hub bolts is 5 mm.", (ROWS,)),
        ("The bolus of heparin is 18 units/kg.", (HEPARIN,)),
        ("Revenue was $10.1 million in 2019.", (REVENUE,)),
        ("Revenue was $12.4 million in 2018.", (REVENUE,)),
        ("The fee for wire transfers is 25 euros.", FEES),
        ("A stopped cheque costs a fee of 15 euros.", FEES),
        ("Wash with soap and water for 20 to 30 seconds.", HAND),
    ],
)
def test_a_number_of_another_fact_is_seen(claim: str, texts: tuple[str, ...]) -> None:
    assert bound_elsewhere(claim, texts)


@pytest.mark.parametrize(
    ("claim", "texts"),
    [
        ("Isolation ends 48 hours after onset.", (ISOLATION,)),
        ("The rule holds for patients over 18 years.", (ISOLATION,)),
        ("The torque of the hub bolts is 40 Nm.", (BOLTS,)),
        ("The rotor bolts are tightened to 25 Nm.", (BOLTS,)),
        ("The hub bolts are tightened to 40 Nm and the rotor bolts to 25 Nm.", (BOLTS,)),
        ("The gap of the rotor bolts is 5 mm.", (ROWS,)),
        ("The torque of the rotor bolts is 25 Nm.", (ROWS,)),
        ("Start the heparin infusion at 18 units/kg per hour after the bolus.", (HEPARIN,)),
        ("The bolus is 80 units/kg.", (HEPARIN,)),
        ("Revenue was $12.4 million in 2019.", (REVENUE,)),
        ("Revenue was $10.1 million in 2018.", (REVENUE,)),
        ("The fee for a stopped cheque is 25 euros.", FEES),
        ("Rub in the alcohol gel for 20 to 30 seconds.", HAND),
        ("The drive belts are in the B-05-02 bin.", ("Drive belts: bin B-05-02.", "Filters: bin B-01-05.")),
        ("Metformin starts at 500 mg and increases to 2000 mg.", ("Metformin starts at 500 mg, then 2000 mg.",)),
        ("The dose is 99 mg.", ("The dose is 5 mg.",)),
        ("Nothing is counted here.", (BOLTS,)),
    ],
)
def test_a_number_of_its_own_fact_is_let_be(claim: str, texts: tuple[str, ...]) -> None:
    assert not bound_elsewhere(claim, texts)


def test_a_heading_says_what_the_numbers_under_it_are_of() -> None:
    texts = ("Tighten to 25 Nm.", "Hub nuts and rotor nuts: 40 Nm.")
    assert bound_elsewhere("The hub bolts get 25 Nm.", texts)
    assert not bound_elsewhere("The hub bolts get 25 Nm.", texts, ("Hub bolts", ""))


def test_each_number_has_its_things() -> None:
    first, second = facts("The pump holds 5 l, the tank 80 l.")
    assert "pump" in first.of
    assert "tank" in second.of
    assert "tank" not in first.of


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The torque of the hub bolts is 25 Nm.", "fact"),
        ("The torque of the rotor bolts is 25 mm.", "unit"),
    ],
)
def test_such_a_sentence_is_never_shown(sentence: str, reason: str) -> None:
    checked = verify(sentence, evidence_of(BOLTS, ROWS), question("What is the torque of the bolts?"), None)
    assert not checked.supported
    assert reason in checked.reasons


def test_a_unit_behind_another_number_is_no_unit_of_this_one() -> None:
    table = "Part | Torque | Gap\nHub bolts | 40 | 3 mm"
    source = passage(table)
    evidence = Evidence((EvidenceSentence(source, 0, len(table), table, 1, (), 0.9),), 0.9)
    checked = verify("The torque of the hub bolts is 40 mm.", evidence, question("What is the torque?"), None)
    assert "unit" in checked.reasons
