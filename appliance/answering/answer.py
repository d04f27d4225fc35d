"""What answering makes of a question: evidence or an abstention, then sentences that passed verification.

The web and the command line render a `VerifiedAnswer`, an `Abstention` or a `Refusal`, nothing else.
"""

from dataclasses import dataclass, field
from typing import Literal

from appliance.redaction.findings import RedactedEntity
from appliance.search.chunk import Passage


@dataclass(frozen=True, slots=True)
class Meaning:
    """What words of a question may be called in the documents: `said` is as typed, `meant` is the other form.

    `kind` is `spelling`, `abbreviation`, `synonym` or `glossary`.
    """

    said: str
    meant: str
    kind: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the documents speak: identifiers replaced by surrogates. Holds no original text."""

    text: str
    entities: tuple[RedactedEntity, ...] = ()
    terms: tuple[str, ...] = ()
    """Surrogates in it, as lexical terms."""
    attack: tuple[str, ...] = ()
    """Signals of an attempt to steer the model; a signal, not a verdict."""
    warnings: tuple[str, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    """Found inside the asker's scope, after the question was recorded."""
    by_identity: int = 0
    """How many identifiers in it were looked up; `found` counts the surrogates they mean. For the record only."""
    found: int = 0


@dataclass(frozen=True, slots=True)
class EvidenceSentence:
    """A sentence, or a table row with its header, that carries the answer: verbatim from a passage."""

    passage: Passage
    start: int
    end: int
    """Offsets in the passage's chunk text."""
    text: str
    page: int
    boxes: tuple[tuple[float, float, float, float], ...]
    score: float


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a question that asks several things, and whether the documents answer it."""

    text: str
    answered: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences selected for a question, best first, and the probability that they answer it."""

    sentences: tuple[EvidenceSentence, ...]
    probability: float
    parts: tuple[Part, ...] = ()
    """Of a question of several parts; empty for one of one."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """The documents do not answer. `related` are the nearest passages, offered as related only."""

    reason: str
    related: tuple[EvidenceSentence, ...] = ()
    probability: float = 0.0
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The question was not put to the documents at all, and why."""

    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the model wrote: unverified, never shown."""

    text: str
    prompt: str = field(repr=False)
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Citation:
    """Number `n` beside a sentence: where a reader finds the words."""

    n: int
    document: str
    version: str
    chunk: str
    title: str
    page: int
    quote: str
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    published: str = ""
    """When the version quoted became the visible one: a day, ISO 8601."""


@dataclass(frozen=True, slots=True)
class VerifiedSentence:
    """A sentence that may be shown: a quotation, or composed and verified against what it cites."""

    text: str
    citations: tuple[int, ...]
    support: float
    kind: Literal["quote", "composed"]


@dataclass(frozen=True, slots=True)
class VerifiedAnswer:
    """An answer whose every sentence has evidence."""

    sentences: tuple[VerifiedSentence, ...]
    citations: tuple[Citation, ...]
    dropped: int = 0
    """Composed sentences that failed verification and are not shown."""
    probability: float = 0.0

    @property
    def text(self) -> str:
        """The sentences, joined by a space."""
        return " ".join(sentence.text for sentence in self.sentences)
