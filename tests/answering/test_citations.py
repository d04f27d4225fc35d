"""Citations are numbered by code, and the floor of an answer is its quotations."""

from appliance.answering.citations import Passed, assemble, quotations
from appliance.answering.usage import measure
from tests.answering.examples import evidence_of

EVIDENCE = evidence_of("Give 5 mg.", "Twice daily.", "With food.")


def test_quotations_are_verbatim_and_each_cites_itself() -> None:
    answer = quotations(EVIDENCE)
    assert [s.text for s in answer.sentences] == ["Give 5 mg.", "Twice daily.", "With food."]
    assert [s.citations for s in answer.sentences] == [(1,), (2,), (3,)]
    assert all(s.kind == "quote" for s in answer.sentences)


def test_without_a_verified_sentence_the_answer_is_its_quotations() -> None:
    answer = assemble(EVIDENCE, [], dropped=2)
    assert answer.sentences == quotations(EVIDENCE).sentences
    assert answer.dropped == 2


def test_a_composed_sentence_cites_the_quotations_under_their_shown_numbers() -> None:
    answer = assemble(EVIDENCE, [Passed("Food is needed twice daily.", (2, 1), 0.8)])
    assert answer.sentences[0].citations == (2, 3)
    assert answer.sentences[0].kind == "composed"
    for number in answer.sentences[0].citations:
        citation = answer.citations[number - 1]
        assert citation.n == number
        assert citation.quote == EVIDENCE.sentences[number - 1].text


def test_usage_adds_up_time_and_power() -> None:
    assert measure(10, 5, 3600, watts=50).watt_hours == 50
    assert measure(10, 5, 1).as_json()["completion_tokens"] == 5
