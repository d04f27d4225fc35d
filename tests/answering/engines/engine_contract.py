"""What every engine promises: one class, inherited by the test of each implementation."""

import json
import threading
import time

import pytest

from appliance.answering.engines.engine import Engine, Piece
from appliance.errors import Unavailable

MESSAGES = [
    {"role": "system", "content": "Answer in one short sentence."},
    {"role": "user", "content": "Name the colour of the sky on a clear day."},
]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


class EngineContract:
    """Inherit and give a fixture `engine`."""

    def test_streams_text_and_ends_with_the_token_counts(self, engine: Engine) -> None:
        pieces = list(engine.stream(MESSAGES, max_tokens=12))
        assert text_of(pieces).strip()
        assert pieces[-1].prompt_tokens > 0
        assert 0 < pieces[-1].completion_tokens <= 12

    def test_is_greedy_at_temperature_zero(self, engine: Engine) -> None:
        first, second = (text_of(list(engine.stream(MESSAGES, max_tokens=16))) for _ in range(2))
        assert first == second

    def test_stops_at_the_token_limit(self, engine: Engine) -> None:
        pieces = list(engine.stream([{"role": "user", "content": "Count: one, two, three,"}], max_tokens=3))
        assert pieces[-1].completion_tokens <= 3

    def test_stops_soon_after_the_reader_has_gone(self, engine: Engine) -> None:
        cancel = threading.Event()
        started = time.monotonic()
        pieces = []
        for piece in engine.stream(MESSAGES, max_tokens=200, cancel=cancel):
            pieces.append(piece)
            cancel.set()
        assert len(pieces) <= 4
        assert time.monotonic() - started < 30

    def test_says_nothing_when_cancelled_before_the_start(self, engine: Engine) -> None:
        cancel = threading.Event()
        cancel.set()
        assert text_of(list(engine.stream(MESSAGES, max_tokens=8, cancel=cancel))) == ""

    def test_answers_again_after_a_cancelled_answer(self, engine: Engine) -> None:
        cancel = threading.Event()
        for _ in engine.stream(MESSAGES, max_tokens=50, cancel=cancel):
            cancel.set()
        assert text_of(list(engine.stream(MESSAGES, max_tokens=8))).strip()

    def test_serves_several_askers_at_once_without_mixing_their_answers(self, engine: Engine) -> None:
        alone = text_of(list(engine.stream(MESSAGES, max_tokens=6)))
        other = [{"role": "user", "content": "Say: tea."}]
        answers: dict[int, str] = {}

        def ask(number: int) -> None:
            answers[number] = text_of(list(engine.stream(MESSAGES if number % 2 else other, max_tokens=6)))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(answers) == 4
        assert answers[1] == answers[3] == alone
        assert answers[0] == answers[2]

    def test_refuses_a_prompt_beyond_its_context_with_advice(self, engine: Engine) -> None:
        messages = [{"role": "user", "content": "word " * 9000}]
        with pytest.raises(Unavailable) as raised:
            list(engine.stream(messages, max_tokens=4))
        assert raised.value.advice
        assert "word word" not in str(raised.value)

    def test_knows_what_it_is(self, engine: Engine) -> None:
        assert engine.info.name
        assert engine.info.digest
        assert engine.info.context_tokens > 0
        json.dumps(engine.info.name)
