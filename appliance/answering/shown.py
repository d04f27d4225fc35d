"""What a question shows, in order: what it was taken for, quotations, the wait, sentences, and the end."""

from dataclasses import dataclass, field
from typing import Literal

from appliance.answering.answer import Abstention, Citation, Part, Question, Refusal, VerifiedAnswer
from appliance.answering.usage import Usage
from appliance.audit.receipt import ProofedReceipt
from appliance.errors import ApplianceError

Status = Literal["answered", "abstained", "refused"]


@dataclass(frozen=True, slots=True)
class Understood:
    """Shown before anything else where a follow-up was made a question of its own: that question."""

    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The quotations are shown and the language model writes for others: the place in its queue, 1 for the next."""

    place: int


@dataclass(frozen=True, slots=True)
class Quotes:
    """Shown first: the quotations, numbered as citations of an answer made of them alone."""

    citations: tuple[Citation, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """Shown as soon as it has passed verification. `citations` number the quotes already shown."""

    text: str
    citations: tuple[int, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Finished:
    """Shown last, after the outcome is on disk."""

    status: Status
    answer: VerifiedAnswer | Abstention | Refusal
    quotes: tuple[Citation, ...]
    receipt: ProofedReceipt
    usage: Usage
    seconds: dict[str, float]
    warnings: tuple[str, ...] = ()
    error: ApplianceError | None = field(default=None, compare=False)
    question: Question | None = None
    """As it was understood; None where it was refused."""
    sources: frozenset[tuple[str, str]] = frozenset()
    """(version, label) of what is quoted."""
    parts: tuple[Part, ...] = ()
    """Of a question of several parts: which are answered."""
    disagreements: tuple[tuple[int, int], ...] = ()
    """Pairs of indices of quotations from different documents that state different figures."""


Shown = Understood | Quotes | Waiting | Sentence | Finished
