"""Terms, keyed ids, and BM25 weights."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.search.lexical import Lexicon, Sparse, Statistics, exact_term, is_exact, readable_statistics, terms
from appliance.settings import Settings
from appliance.storage.keys import KeyRing
from tests.search.conftest import Room, scope


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The doses were given", ["dose", "given"]),
        ("12.5 mg", ["12.5", "mg"]),
        ("paid 12,500 INR", ["paid", "12500", "inr"]),
        ("see CR-1182", ["see", "cr-1182", "cr", "1182"]),
        ("on 2024-03-01", ["2024-03-01"]),
        ("[PERSON:k7f2m4qa] fell", ["person:k7f2m4qa", "fell"]),
        ("[PERSON] fell", ["fell"]),
        ("a 5% rise", ["5", "rise"]),
        ("β-blockers, naïve", ["β", "blocker", "naïv"]),
        ("\u200b\x00 \U0001f600 ، ", []),
    ],
)
def test_terms_are_stems_and_exact_tokens(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_a_surrogate_is_the_same_term_in_text_and_as_a_search_term() -> None:
    assert exact_term("[PERSON:k7f2m4qa]") == exact_term("person:k7f2m4qa") == terms("[PERSON:k7f2m4qa]")[0]
    assert is_exact("person:k7f2m4qa")


@given(st.text(max_size=300))
def test_any_text_has_terms_without_an_error(text: str) -> None:
    assert all(terms(text))


def test_term_ids_differ_between_homes(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        keys = KeyRing.create(Settings(home=tmp_path / name, insecure_plain_key_file=True))
        ids.append(Lexicon(keys).ids(["warfarin", "dose"]))
        keys.close()
    assert set(ids[0]).isdisjoint(ids[1])


def test_document_and_question_vectors_multiply_to_bm25(tmp_path: Path) -> None:
    keys = KeyRing.create(Settings(home=tmp_path, insecure_plain_key_file=True))
    lexicon = Lexicon(keys)
    (term,) = lexicon.ids(["warfarin"])
    question = lexicon.question(["warfarin"], Statistics(100, {term: 4}))
    often, once = lexicon.document("warfarin warfarin pills"), lexicon.document("warfarin pills today")
    keys.close()
    assert question.dot(often) > question.dot(once) > 0
    idf, norm = 3.1097, 1.2 * (1 - 0.75 + 0.75 * 3 / 100)
    assert question.dot(once) == pytest.approx(idf * 2.2 / (1 + norm), rel=1e-3)


def test_a_dot_product_does_not_depend_on_the_order_of_its_terms() -> None:
    a = Sparse((1, 2, 3), (0.1, 0.2, 0.3))
    b, c = Sparse((1, 2, 3), (0.3, 0.7, 0.11)), Sparse((3, 1, 2), (0.11, 0.3, 0.7))
    assert a.dot(b).hex() == a.dot(c).hex()


def test_statistics_are_of_the_readable_labels_only(room: Room) -> None:
    room.add("v1", "open", "ward", "warfarin dose", "heparin dose")
    room.add("v2", "closed", "vault", "warfarin dose", "warfarin again")
    ids = room.lexicon.ids(terms("warfarin dose"))
    with room.database.transaction() as connection:
        assert readable_statistics(connection, scope("open"), ids) == Statistics(2, {ids[0]: 1, ids[1]: 2})
        assert readable_statistics(connection, scope(), ids) == Statistics(0, {})
