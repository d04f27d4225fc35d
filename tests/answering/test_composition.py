"""Sentences come out whole and as they are made; the reader, the clock and the token limit can all stop them."""

import threading
import time
from collections.abc import Iterator
from threading import Event

import pytest

from appliance.answering.composition import Composition, clean, compose
from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.errors import Unavailable
from tests.answering.examples import evidence_of, question


class Scripted:
    """An engine that says what it is told, piece by piece."""

    info = EngineInfo("scripted", "d", 2048)

    def __init__(self, *texts: str, pause: float = 0.0, fail: bool = False, used: int = 0) -> None:
        self._texts, self._pause, self._fail, self._used = texts, pause, fail, used

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float = 0.0, cancel: Event | None = None
    ) -> Iterator[Piece]:
        for text in self._texts:
            if cancel and cancel.is_set():
                return
            time.sleep(self._pause)
            yield Piece(text)
        if self._fail:
            raise Unavailable("the language model failed", "Try again")
        yield Piece("", 40, self._used or len(self._texts))

    def close(self) -> None:
        """Nothing to close."""


def composed(
    engine: Scripted, *, seconds: float = 5, max_tokens: int = 100, cancel: Event | None = None
) -> Composition:
    evidence = evidence_of("Give 5.5 mg.")
    return compose(engine, question("What dose?"), evidence, max_tokens=max_tokens, seconds=seconds, cancel=cancel)


def test_a_sentence_comes_out_as_soon_as_it_is_complete() -> None:
    running = composed(Scripted("Give 5", ".5 mg", ". It is", " given daily."))
    assert next(running) == "Give 5.5 mg."
    assert "given" not in running.draft.text
    assert list(running) == ["It is given daily."]
    assert running.outcome == "complete"


def test_the_draft_keeps_prompt_text_and_counts_for_the_record() -> None:
    running = composed(Scripted("Give 5.5 mg.", used=7))
    list(running)
    assert running.draft.text == "Give 5.5 mg."
    assert (running.draft.prompt_tokens, running.draft.completion_tokens) == (40, 7)
    assert "5.5 mg" in running.draft.prompt


def test_a_sentence_cut_off_by_the_token_limit_is_not_given() -> None:
    running = composed(Scripted("Give 5.5 mg. And then the", used=6), max_tokens=6)
    assert list(running) == ["Give 5.5 mg."]
    assert running.outcome == "length"


def test_the_time_limit_ends_a_slow_model() -> None:
    started = time.monotonic()
    running = composed(Scripted(*["word "] * 200, pause=0.05), seconds=0.3)
    assert list(running) == []
    assert running.outcome == "stopped"
    assert time.monotonic() - started < 3


def test_the_reader_can_leave() -> None:
    cancel = threading.Event()
    running = composed(Scripted(*["One more. "] * 100, pause=0.01), cancel=cancel)
    next(running)
    cancel.set()
    assert len(list(running)) < 5
    assert running.outcome == "stopped"


def test_a_failing_model_raises_after_what_it_said() -> None:
    running = composed(Scripted("Give 5.5 mg. ", "Then", fail=True))
    assert next(running) == "Give 5.5 mg."
    with pytest.raises(Unavailable):
        next(running)


@pytest.mark.parametrize(
    ("draft", "plain"),
    [
        ("**Give** 5.5 mg [1].", "Give 5.5 mg."),
        ("- Give 5.5 mg [1, 2].", "Give 5.5 mg."),
        ("Answer: Give 5.5 mg.", "Give 5.5 mg."),
        ("Given to [PERSON:k7f2m4qa] daily.", "Given to [PERSON:k7f2m4qa] daily."),
        ("5.5 mg is given.", "5.5 mg is given."),
    ],
)
def test_markup_and_the_models_own_citations_are_taken_off(draft: str, plain: str) -> None:
    assert clean(draft) == plain
