"""Reasoning between tags never comes out, however the stream is cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.answering.engines.engine import Piece
from appliance.answering.engines.reasoning import without_reasoning


def shown(*texts: str, inside: bool = False) -> str:
    return "".join(piece.text for piece in without_reasoning((Piece(text) for text in texts), inside=inside))


@given(st.lists(st.integers(1, 7), max_size=12))
@settings(max_examples=60, deadline=None)
def test_cuts_reasoning_wherever_the_pieces_are_cut(cuts: list[int]) -> None:
    whole = "Before <think>hidden plan</think>after it 3 < 4."
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(whole[at : at + cut])
        at += cut
    pieces.append(whole[at:])
    assert shown(*pieces) == "Before after it 3 < 4."


def test_drops_reasoning_that_is_never_closed() -> None:
    assert shown("Yes. <think>but then ", "again") == "Yes. "


def test_starts_inside_when_the_prompt_opened_it() -> None:
    assert shown("plan</think>Blue.", inside=True) == "Blue."


def test_drops_a_closing_tag_that_was_never_opened() -> None:
    assert "</think>" not in shown("x</think>Blue.")


def test_passes_token_counts_through() -> None:
    pieces = list(without_reasoning([Piece("<think>a"), Piece("b</think>", 5, 7)]))
    assert (pieces[-1].prompt_tokens, pieces[-1].completion_tokens) == (5, 7)


@given(st.text(alphabet="abc </>think", max_size=30))
@settings(max_examples=60, deadline=None)
def test_keeps_text_without_tags_as_it_is(text: str) -> None:
    if all(tag not in text for tag in ("<think>", "</think>")):
        assert shown(*text) == text
