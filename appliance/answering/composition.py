"""Composition: the model writes from the evidence; its complete sentences come out one by one, unverified.

Nothing that this module yields may be shown before `verification` has passed it.
"""

import re
import time
from collections.abc import Iterator
from threading import Event

from appliance.answering.answer import Draft, Evidence, Question
from appliance.answering.engines.engine import Engine
from appliance.answering.prompt import build, render
from appliance.answering.sentences import complete

_MARKUP = re.compile(r"[*_`#]+(?=\S)|(?<=\S)[*_`]+|^\s*(?:[-*•]|\d{1,2}[.)])\s+|^\s*(?:answer|a)\s*:\s*", re.IGNORECASE)
_NUMBERS = re.compile(
    r"\s*\[(?:evidence\s*)?\d{1,2}(?:\s*,\s*\d{1,2})*\]|\s*\((?:evidence|source)s?\s*\d[\d, and]*\)", re.IGNORECASE
)


class Deadline(Event):
    """An Event that is also set once `seconds` have passed or the reader's own `cancel` is set."""

    def __init__(self, seconds: float, cancel: Event | None) -> None:
        super().__init__()
        self._until = time.monotonic() + seconds
        self._cancel = cancel

    def is_set(self) -> bool:
        """True when the time is over, the reader has gone, or `set` was called."""
        return super().is_set() or time.monotonic() > self._until or bool(self._cancel and self._cancel.is_set())


class Composition(Iterator[str]):
    """Sentences as the model completes them. Afterwards `draft` holds all of it, `outcome` how it ended.

    `outcome` is `complete`, `stopped` (the reader went away or the time was over) or `length`.
    """

    def __init__(self, engine: Engine, messages: list[dict[str, str]], max_tokens: int, stop: Event) -> None:
        self.draft = Draft("", render(messages))
        self.outcome = "stopped"
        self._sentences = self._run(engine, messages, max_tokens, stop)

    def __next__(self) -> str:
        return next(self._sentences)

    def _run(self, engine: Engine, messages: list[dict[str, str]], max_tokens: int, stop: Event) -> Iterator[str]:
        text, waiting, prompt_tokens, completion_tokens, pieces = "", "", 0, 0, 0
        for piece in engine.stream(messages, max_tokens=max_tokens, temperature=0.0, cancel=stop):
            text += piece.text
            waiting += piece.text
            pieces += bool(piece.text)
            prompt_tokens = piece.prompt_tokens or prompt_tokens
            completion_tokens = piece.completion_tokens or completion_tokens
            self.draft = Draft(text, self.draft.prompt, prompt_tokens, completion_tokens or pieces)
            done, waiting = complete(waiting)
            yield from filter(None, map(clean, done))
        if stop.is_set():
            return
        cut = (completion_tokens or pieces) >= max_tokens
        self.outcome = "length" if cut else "complete"
        last = clean(waiting)
        if last and (not cut or last[-1] in ".!?"):
            yield last


def compose(
    engine: Engine,
    question: Question,
    evidence: Evidence,
    *,
    max_tokens: int,
    seconds: float,
    cancel: Event | None = None,
    salt: str = "",
) -> Composition:
    """Start the model on the evidence; iterate for its sentences, then read `draft`.

    A sentence that the token limit cut off is not yielded. Raises Unavailable, while iterating, when the model
    fails; the quotes stand alone then.
    """
    messages = build(question, evidence, engine.info, max_tokens=max_tokens, salt=salt)
    return Composition(engine, messages, max_tokens, Deadline(seconds, cancel))


def clean(sentence: str) -> str:
    """A draft sentence as plain text: without markup, list marks and the model's own citation numbers."""
    return " ".join(_MARKUP.sub("", _NUMBERS.sub("", sentence)).split())
