"""The peer gets the nearest passages and the question, and is counted as the appliance is."""

from collections.abc import Iterator
from threading import Event

import numpy as np
import pytest

from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.evaluation.plain import PASSAGES, measure, plain_answer
from tests.evaluation.test_answers import ROWS


class Parrot:
    """Says what it is told to; keeps the prompts."""

    info = EngineInfo("parrot", "0" * 64, 2048)

    def __init__(self, said: str) -> None:
        self.said = said
        self.prompts: list[str] = []

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float = 0.0, cancel: Event | None = None
    ) -> Iterator[Piece]:
        self.prompts.append(messages[0]["content"])
        yield Piece(self.said)

    def close(self) -> None:
        """Nothing to free."""


def by_length(texts: list[str]) -> np.ndarray:
    return np.array([[1.0, -float(len(text))] for text in texts], dtype=np.float32)


def test_only_the_nearest_passages_are_given() -> None:
    engine = Parrot("It is 18 units/kg.")
    texts = [f"passage {'x' * number}." for number in range(6)]
    plain_answer("q", texts, engine, lambda each: np.array([[1.0] if t == "q" else [-len(t)] for t in each]))
    assert [text in engine.prompts[0] for text in texts] == [True] * PASSAGES + [False] * (6 - PASSAGES)


@pytest.mark.parametrize(
    ("said", "accuracy", "balanced"),
    [("It is 18 units/kg.", 1.0, 0.5), ("The answer is not in the context.", 0.0, 0.5), ("Rain.", 0.0, 0.5)],
)
def test_its_answers_and_abstentions_are_counted(said: str, accuracy: float, balanced: float) -> None:
    found = measure(ROWS, Parrot(said), by_length)
    assert (found["accuracy"], found["balanced_accuracy"]) == (accuracy, balanced)
