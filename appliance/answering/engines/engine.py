"""The port to a language model. Three implementations: in-process llama.cpp, transformers, an endpoint."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What composes: a name, the digest of its weights (or `endpoint:<model>`), its context in tokens."""

    name: str
    digest: str
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Text as it is generated; the last piece carries the token counts."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Engine(Protocol):
    """Generates text from chat messages.

    `stream` yields pieces until the end of the answer, `max_tokens`, or `cancel` is set; at temperature 0
    it is greedy. Raises Unavailable when the model cannot be reached or answers rubbish.
    """

    info: EngineInfo

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float = 0.0, cancel: Event | None = None
    ) -> Iterator[Piece]: ...

    def close(self) -> None: ...
