"""Retrieval inside a scope: what is found, and that nothing hidden can be told from it."""

import inspect
import typing

import numpy as np
import pytest
from sqlalchemy import update

from appliance.access.grants import Purpose, ReadableScope
from appliance.search.chunk import Passage
from appliance.search.hybrid import Retriever, fuse
from appliance.search.index import Candidate
from appliance.search.reranking import FeatureReranker
from appliance.storage import tables
from tests.search.conftest import Room

WARD = (
    "Warfarin is started at 5 mg once a day and adjusted by INR.",
    "Visitors may come between two and eight in the afternoon.",
    "Form CR-1182 is kept for seven years.",
    "[PERSON:k7f2m4qa] was discharged with tablets for blood pressure.",
    "[PERSON:zz33qq77] was discharged with tablets for blood pressure.",
)
SECRETS = tuple(f"Warfarin INR dose secret number {n}: warfarin is forbidden in unit {n}." for n in range(25))


def exact(passages: list[Passage]) -> list[tuple[str, str, dict[str, str]]]:
    """Passages with every number to the last bit."""
    return [(p.chunk.id, p.score.hex(), {k: float(v).hex() for k, v in p.features.items()}) for p in passages]


def test_a_question_finds_its_passage_by_meaning_by_code_and_by_surrogate(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    assert "Visitors" in room.ask("When can my family see me?", "open")[0].chunk.text
    assert "CR-1182" in room.ask("How long do we keep CR-1182?", "open")[0].chunk.text
    assert "k7f2m4qa" in room.ask("What did [PERSON:k7f2m4qa] go home with?", "open")[0].chunk.text
    assert "zz33qq77" in room.ask("What did [PERSON:zz33qq77] go home with?", "open")[0].chunk.text


def test_scores_order_and_passages_are_the_same_with_and_without_hidden_documents(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    before = exact(room.ask("What is the dose of warfarin?", "open"))
    room.add("secret", "closed", "vault", *SECRETS)
    room.add("draft", "open", "ward", *SECRETS, publish=False)
    assert exact(room.ask("What is the dose of warfarin?", "open", hidden=frozenset({"draft"}))) == before
    assert exact(room.ask("What is the dose of warfarin?", "open", "closed", hidden=frozenset({"draft"}))) != before


def test_who_has_no_label_gets_nothing(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    assert room.ask("What is the dose of warfarin?") == []
    assert room.ask("What is the dose of warfarin?", "closed") == []


def test_retrieval_takes_a_scope_that_only_access_makes() -> None:
    assert typing.get_type_hints(Retriever.retrieve)["scope"] is ReadableScope
    assert inspect.signature(Retriever.retrieve).parameters["scope"].default is inspect.Parameter.empty
    with pytest.raises(TypeError):
        ReadableScope(object(), "p", Purpose.TREATMENT, frozenset({"open"}), frozenset({"ward"}), "")


def test_an_index_that_lies_about_a_label_gives_nothing_away(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    with room.database.transaction() as connection:
        connection.execute(tables.label.insert().values(digest="closed", attributes={}))
        connection.execute(update(tables.version).values(label="closed"))
    assert room.ask("What is the dose of warfarin?", "open") == []


@pytest.mark.parametrize("question", ["", "\x00\x07", "\U0001f600", "' OR 1=1; --", "؟ ما هي الجرعة", "A" * 4000])
def test_an_odd_question_is_answered_with_passages_of_the_scope(room: Room, question: str) -> None:
    room.add("v1", "open", "ward", *WARD[:2])
    assert {p.label for p in room.ask(question, "open")} == {"open"}


def test_k_passages_are_returned_even_when_the_best_candidates_are_gone_from_the_store(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD[:2])
    room.add("v2", "open", "ward", *WARD[2:])
    room.store.delete("v1")
    assert len(room.ask("What is the dose of warfarin?", "open", k=2)) == 2


def test_reranking_keeps_the_passages_and_orders_them_by_score(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    found = room.ask("Which INR adjusts warfarin 5 mg?", "open")
    ranked = FeatureReranker().rerank("Which INR adjusts warfarin 5 mg?", found)
    assert {p.chunk.id for p in ranked} == {p.chunk.id for p in found}
    assert [p.score for p in ranked] == sorted((p.score for p in ranked), reverse=True)
    assert "Warfarin" in ranked[0].chunk.text
    names = ("coverage", "nearness", "heading", "exact", "phrase")
    assert all(0 <= p.features[name] <= 1.0001 for p in ranked for name in names)


def test_fusion_weighs_both_scores_on_one_scale() -> None:
    one, two, three = (
        Candidate(id, "v", "l", dense, lexical, np.zeros(1, np.float32))
        for id, dense, lexical in (("a", 0.9, 0.0), ("b", 0.5, 30.0), ("c", 0.1, 15.0))
    )
    assert [c.id for _, c in fuse([one, two, three], 1.0)] == ["a", "b", "c"]
    assert [c.id for _, c in fuse([one, two, three], 0.0)] == ["b", "c", "a"]
    assert fuse([one, two, three], 0.5)[0][0] == pytest.approx(0.75)
    assert fuse([], 0.5) == []


def test_the_only_candidate_is_as_good_as_the_best_where_it_matches_at_all() -> None:
    (alone,) = fuse([Candidate("a", "v", "l", 0.7, 12.0, np.zeros(1, np.float32))], 0.5)
    (wordless,) = fuse([Candidate("a", "v", "l", 0.7, 0.0, np.zeros(1, np.float32))], 0.5)
    assert (alone[0], wordless[0]) == (1.0, 0.5)
