"""The frame that this package's Presidio recognizers share.

Presidio's own `PatternRecognizer` logs a pattern that ran out of time and goes on without it: a leak. The
classes here raise instead, match a value beside its label, and say in words why they believe a span.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult

SECONDS_PER_PATTERN = 2.0
"""Time limit of one pattern on 100,000 characters; longer texts get proportionally more."""


class RecognizerTimeout(RuntimeError):
    """A pattern did not finish in its time. Detection quarantines the document."""


def limit(text: str) -> float:
    """Seconds that one pattern may take on `text`."""
    return SECONDS_PER_PATTERN * max(1.0, len(text) / 100_000)


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern: the span is the group `v` if the pattern has one, else the whole match.

    `check` sees the matched value and returns a score to use, or False to drop the match, or True to keep
    `score`. `context`, a pattern, must occur within 60 characters before the value, else `score` is
    `without_context` (0 drops it).
    """

    type: str
    pattern: "regex.Pattern[str]"
    score: float
    reason: str
    check: Callable[[str], bool | float] | None = None
    context: "regex.Pattern[str] | None" = None
    without_context: float = 0.0


def rule(type_: str, pattern: str, score: float, reason: str, flags: int = 0, **options: Any) -> Rule:
    """A `Rule` from pattern sources (`regex` syntax, verbose mode off)."""
    context = options.pop("context", None)
    compiled = regex.compile(context, regex.IGNORECASE) if context else None
    return Rule(type_, regex.compile(pattern, flags | regex.V1), score, reason, context=compiled, **options)


def result(
    type_: str, start: int, end: int, score: float, recognizer: "ApplianceRecognizer", reason: str
) -> RecognizerResult:
    """A Presidio result that carries its reason."""
    explanation = AnalysisExplanation(recognizer.name, score, textual_explanation=reason)
    return RecognizerResult(
        type_,
        start,
        end,
        score,
        explanation,
        {
            RecognizerResult.RECOGNIZER_NAME_KEY: recognizer.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: recognizer.id,
        },
    )


class ApplianceRecognizer(LocalRecognizer):  # type: ignore[misc]
    """Base of this package's recognizers: a fixed name, the types it can find, no loading."""

    TYPES: tuple[str, ...] = ()
    NAME = ""
    name: str

    def __init__(self, supported_language: str = "en") -> None:
        super().__init__(list(self.TYPES), name=self.NAME or type(self).__name__, supported_language=supported_language)

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: Sequence[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Presidio's entry: every span found in `text` whose type is in `entities` (all when empty)."""
        wanted = set(entities or self.TYPES)
        return [found for found in self.spans(text, nlp_artifacts) if found.entity_type in wanted]

    def spans(self, text: str, nlp_artifacts: Any) -> Iterable[RecognizerResult]:
        """Every span found. Subclasses define it."""
        raise NotImplementedError


def matches(pattern: "regex.Pattern[str]", text: str, name: str) -> "Iterator[regex.Match[str]]":
    """Matches of `pattern`; raises RecognizerTimeout naming `name` when it takes too long."""
    try:
        yield from pattern.finditer(text, timeout=limit(text), concurrent=True if len(text) > 20_000 else None)
    except TimeoutError as error:
        raise RecognizerTimeout(name) from error


class RuleRecognizer(ApplianceRecognizer):
    """A recognizer made of `Rule`s."""

    RULES: tuple[Rule, ...] = ()

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Apply every rule."""
        for each in self.RULES:
            group = "v" if "v" in each.pattern.groupindex else 0
            for match in matches(each.pattern, text, self.name):
                start, end = match.span(group)
                if start < 0 or start == end:
                    continue
                score = self._score(each, text, start, end)
                if score > 0:
                    yield result(each.type, start, end, score, self, each.reason)

    @staticmethod
    def _score(each: Rule, text: str, start: int, end: int) -> float:
        score = each.score
        if each.check is not None:
            verdict = each.check(text[start:end])
            if verdict is False:
                return 0.0
            score = score if verdict is True else float(verdict)
        if each.context is not None and not each.context.search(text, max(0, start - 60), start):
            return each.without_context
        return score
