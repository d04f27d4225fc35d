"""From evidence to findings: weigh what the detectors say, settle overlaps, keep the reasons.

1. Evidence of a model on a name is weighed by its form, by word lists and by counter-evidence.
2. Overlapping evidence of one type becomes one span; agreeing detectors raise its score (noisy or).
3. Between types the higher score wins; what the loser covered beside it stays masked.
Works on the shadow of a whole document; knows nothing of blocks and profiles.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import regex

from appliance.redaction.findings import Evidence
from appliance.redaction.recognizers.codes import label_type
from appliance.redaction.recognizers.counter import is_abbreviation
from appliance.redaction.recognizers.lexicon import words
from appliance.redaction.recognizers.names import clean_name, is_stop
from appliance.redaction.recognizers.ordinary import all_ordinary, is_known_name
from appliance.redaction.recognizers.organisations import is_generic, trim_organisation

MODELS = frozenset({"spacy", "pii-rampart"})
_VALIDATED = 0.9
_STRUCTURED = frozenset({"EMAIL_ADDRESS", "URL", "IBAN_CODE", "CREDIT_CARD", "US_SSN", "IP_ADDRESS"})
_SOFT = frozenset({"PERSON", "ORGANIZATION", "LOCATION", "DEMOGRAPHIC"})
_RANK = {
    type_: rank
    for rank, type_ in enumerate(
        (
            "EMAIL_ADDRESS",
            "URL",
            "IBAN_CODE",
            "CREDIT_CARD",
            "US_SSN",
            "IP_ADDRESS",
            "MEDICAL_RECORD",
            "ACCOUNT_NUMBER",
            "PHONE_NUMBER",
            "ID",
            "DATE_TIME",
            "PERSON",
            "ORGANIZATION",
            "LOCATION",
            "AGE",
            "DEMOGRAPHIC",
            "QUANTITY",
            "OTHER",
        )
    )
}
_NAME_WORD = regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}'-]*")
_PLACE_BEFORE = regex.compile(
    r"\b(?:from|in|near|at|to|of|around|via|outside|lives?|living|address|city|town)[ :,]{1,2}(?:the )?$|,[ ]$",
    regex.IGNORECASE,
)
_AT_START = regex.compile(r"(?:^|[\n|.!?:•(-]) {0,2}$|^$")
_CAPITAL_FOR_ITS_PLACE = regex.compile(rf"(?:{_AT_START.pattern})|[\d/,;] {{1,2}}$")
_CONTINENTS = frozenset(
    ("africa", "america", "antarctica", "asia", "europe", "oceania", "australasia", "north", "south", "central")
)
_INSIDE_A_BUILDING = frozenset(
    (
        "the",
        "east",
        "west",
        "north",
        "south",
        "main",
        "ward",
        "row",
        "bay",
        "bed",
        "room",
        "floor",
        "gate",
        "unit",
        "theatre",
        "wing",
        "aisle",
        "shelf",
        "rack",
        "zone",
        "cell",
        "bench",
        "desk",
        "counter",
    )
)
_QUANTITY = regex.compile(r"\d ?(?:%|[mkµn]?[glLmVAWN]\b|mm\b|[kM]?Hz\b|mmol\b|hours?\b)|\d%")
_STATE = regex.compile(
    r"(?:the )?(?:(?:[\p{Lu}][\p{L}']+ ){0,2}Republic of (?:the )?[\p{Lu}][\p{L}-]+|Kingdom of (?:the )?[\p{Lu}]\p{L}+"
    r"|United Kingdom of Great Britain(?: and Northern Ireland)?|Russian Federation|Swiss Confederation"
    r"|(?:French|Czech|Slovak|Hellenic|Italian|Portuguese|Turkish|Austrian|Polish) Republic)"
)
_GAP = regex.compile(r"[ ]{1,2}|, |-")


@dataclass(slots=True)
class Candidate:
    """Evidence for one type on the shadow span [start, end)."""

    start: int
    end: int
    type: str
    score: float
    evidence: tuple[Evidence, ...] = field(default=())

    @property
    def recognizer(self) -> str:
        """The recognizer whose evidence is strongest."""
        return max(self.evidence, key=lambda each: each.score).recognizer


class Spans:
    """Sorted spans that answer whether something overlaps them."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        merged: list[list[int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]

    def covers(self, start: int, end: int) -> bool:
        """Whether one of the spans holds all of [start, end)."""
        from bisect import bisect_right

        position = bisect_right(self._starts, start) - 1
        return position >= 0 and self._ends[position] >= end

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any of the spans shares a character with [start, end)."""
        from bisect import bisect_left

        position = bisect_left(self._ends, start + 1)
        return position < len(self._starts) and self._starts[position] < end


def _has(name: str, *lists: str) -> bool:
    return any(name in words(each) for each in lists)


def name_score(name: str, base: float) -> tuple[float, str]:
    """How far the form of a name bears out a model's word on it: (score, reason)."""
    tokens = [match[0].removesuffix("'s") for match in _NAME_WORD.finditer(name)]
    if not tokens:
        return 0.0, "no letters"
    folded = [token.casefold() for token in tokens]
    if all(_has(token, "drugs", "demonyms", "countries") for token in folded) and not any(
        _has(t, "given_names") for t in folded
    ):
        return 0.1, "a drug or nationality"
    known = any(is_known_name(token) for token in folded)
    if not known and all_ordinary(tokens):
        if len(tokens) == 1 and tokens[0][0].isupper():
            return base * 0.6, "a word of every day"
        return base * 0.25, "words of every day"
    if not any(token[0].isupper() for token in tokens):
        return (base * 0.7, "known name in lower case") if known else (base * 0.35, "lower case")
    if len(tokens) == 1:
        token = tokens[0]
        if is_abbreviation(token) or len(token) < 3 or any(c.isdigit() for c in name):
            return 0.15, "abbreviation"
        if token.isupper() and not known:
            return base * 0.5, "one word in capitals"
        if _has(folded[0], "ambiguous_names"):
            return base * 0.6, "ordinary word"
        return (base, "known name") if known else (base * 0.85, "one word")
    if any(character.isdigit() for character in name):
        return base * 0.5, "holds a digit"
    return (min(1.0, base + 0.2), "known name") if known else (base, "several words")


def weigh(candidate: Candidate, text: str, against: "Spans", alone: "Spans") -> Candidate | None:
    """A model's candidate with its score corrected, or None when nothing is left of it."""
    start, end = candidate.start, candidate.end
    (said,) = candidate.evidence
    if candidate.type == "PERSON":
        start, end = clean_name(text, start, end)
    elif candidate.type == "ORGANIZATION":
        start, end = trim_organisation(text, start, end)
    while end > start and text[end - 1] in " \n,.;:-|(":
        end -= 1
    while start < end and text[start] in " \n,.;:-|)":
        start += 1
    if end - start < 2:
        return None
    if candidate.type == "LOCATION" and text[start : start + 4] in ("the ", "The "):
        start += 4
    value = text[start:end]
    if " | " in value:
        end = start + value.index(" | ")
        value = text[start:end]
    if "\n" in value and candidate.type != "LOCATION":
        end = start + value.index("\n")
        value = text[start:end]
    if candidate.type == "PERSON":
        score, reason = name_score(value, said.score)
        if reason == "a word of every day" and _CAPITAL_FOR_ITS_PLACE.search(text, max(0, start - 4), start):
            score, reason = said.score * 0.25, "a word of every day at a beginning"
        elif reason == "ordinary word" and text[max(0, start - 2) : start] == "| ":
            score, reason = score * 0.4, "ordinary word in a cell"
        elif reason == "one word" and _AT_START.search(text, max(0, start - 4), start):
            score, reason = score * 0.7, "one word at a beginning"
    elif candidate.type == "ORGANIZATION":
        score, reason = _organisation_score(value, said.score)
    else:
        score, reason = _place_score(value, said.score)
        one_word = said.recognizer == "pii-rampart" and len(_NAME_WORD.findall(value)) < 2
        ordinary = reason == "ordinary words"
        before = _PLACE_BEFORE.search(text, max(0, start - 20), start)
        if (one_word or ordinary) and (before is None or (ordinary and before[0] == ", ")):
            score, reason = score * 0.4, "ordinary or one word, and nothing before it speaks of a place"
    evidence = [Evidence(said.recognizer, said.type, round(score, 3), reason)]
    if against.overlaps(start, end) or alone.covers(start, end):
        score = min(score, 0.2)
        evidence.append(Evidence("counter_evidence", said.type, -0.5, "eponym, drug, role or heading"))
    return Candidate(start, end, candidate.type, score, tuple(evidence))


def refuted(candidate: Candidate, against: "Spans", alone: "Spans") -> bool:
    """Whether counter-evidence outweighs a pattern: a firm made of role words, a listed name in an eponym."""
    start, end = candidate.start, candidate.end
    if candidate.recognizer == "name_list":
        return against.overlaps(start, end) or alone.covers(start, end)
    return candidate.type == "ORGANIZATION" and against.covers(start, end)


def _organisation_score(value: str, base: float) -> tuple[float, str]:
    tokens = _NAME_WORD.findall(value)
    if is_generic(value) or not tokens:
        return 0.1, "generic words"
    if is_abbreviation(value):
        return 0.2, "abbreviation"
    if len(tokens) == 1 and (value.isupper() or len(value) < 4 or is_abbreviation(value)):
        return 0.3, "abbreviation"
    if label_type(value):
        return 0.2, "a label"
    if not tokens[0][0].isupper():
        return 0.25, "lower case"
    if all_ordinary(token for token in tokens if not is_generic(token) and not is_stop(token)):
        return 0.25, "ordinary words"
    if any(character.isdigit() for character in value):
        return 0.25, "holds a digit"
    return (base * 0.7, "one word") if len(tokens) == 1 else (base, "several words")


def _place_score(value: str, base: float) -> tuple[float, str]:
    tokens = [match[0].casefold() for match in _NAME_WORD.finditer(value)]
    if not any(character.isupper() for character in value):
        return base * (0.7 if regex.fullmatch(r"\d{5}(?:-\d{4})?", value) else 0.35), "lower case"
    if not tokens:
        return (0.2, "digits alone")
    if len(value) < 4 or all(len(token) < 3 or is_abbreviation(token) for token in tokens):
        return 0.3, "abbreviation"
    if all(_has(token, "drugs", "eponyms", "demonyms") for token in tokens):
        return 0.1, "a drug, eponym or nationality"
    if _STATE.fullmatch(value):
        return 0.2, "a state by its full name, which is a party to something"
    if all(token in _CONTINENTS for token in tokens):
        return 0.1, "a continent"
    if " ".join(token for token in tokens if token != "the") in words("countries"):
        return base, "a country"
    named = [token for token in tokens if token not in _INSIDE_A_BUILDING]
    if _QUANTITY.search(value) or (tokens and value[-1].isdigit() and tokens[0] in words("drugs")):
        return 0.2, "a quantity"
    if all(len(token) < 2 for token in named):
        return 0.2, "a part of a building"
    return base, "ordinary words" if all_ordinary(named) else "place"


def combine(candidates: Sequence[Candidate], text: str) -> list[Candidate]:
    """Overlapping (for PERSON also adjoining) candidates of one type become one. Returns them sorted."""
    joined: list[Candidate] = []
    for type_ in {candidate.type for candidate in candidates}:
        group = sorted((c for c in candidates if c.type == type_), key=lambda c: (c.start, -c.end))
        last: Candidate | None = None
        for each in group:
            touching = last is not None and (
                each.start < last.end
                or (
                    type_ == "PERSON"
                    and last.score >= 0.4
                    and each.score >= 0.4
                    and _GAP.fullmatch(text, last.end, each.start) is not None
                )
            )
            if touching and last is not None:
                if each.end > last.end and min(each.score, last.score) < 0.3 <= max(each.score, last.score):
                    # Why: weak evidence must not widen a span that is strongly believed.
                    if each.score > last.score:
                        last.start, last.end = each.start, each.end
                else:
                    last.end = max(last.end, each.end)
                last.evidence += each.evidence
                last.score = _noisy_or(last.evidence)
            else:
                last = Candidate(each.start, each.end, type_, each.score, each.evidence)
                joined.append(last)
    return sorted(joined, key=lambda c: c.start)


def _noisy_or(evidence: Iterable[Evidence]) -> float:
    """1 - product of (1 - score) over detectors, each counted once by its best score, less what speaks against."""
    best: dict[str, float] = {}
    against = False
    for each in evidence:
        if each.score < 0:
            against = True
        else:
            best[each.recognizer] = max(best.get(each.recognizer, 0.0), each.score)
    if against:
        for model in MODELS:
            best.pop(model, None)
        if not best:
            return 0.2
    doubt = 1.0
    for score in best.values():
        doubt *= 1 - score
    return round(1 - doubt, 4)


def settle(candidates: Sequence[Candidate], text: str) -> list[Candidate]:
    """Non-overlapping candidates: the stronger first, what remains of a weaker one beside it kept.

    What a pattern has validated comes before all others: no name over it, however strong, can shorten it.
    """
    order = sorted(
        candidates,
        key=lambda c: (not is_validated(c), -_strength(c), _RANK.get(c.type, 99), -(c.end - c.start), c.start),
    )
    taken: list[Candidate] = []
    free = _FreeSpans()
    for candidate in order:
        validated = is_validated(candidate)
        for start, end in free.take(candidate.start, candidate.end):
            if validated and any(character.isalnum() for character in text[start:end]):
                taken.append(Candidate(start, end, candidate.type, candidate.score, candidate.evidence))
                continue
            while start < end and not text[start].isalnum() and text[start] not in "+([<":
                start += 1
            while end > start and not text[end - 1].isalnum() and (end != candidate.end):
                end -= 1
            whole = (start, end) == (candidate.start, candidate.end)
            if end > start and (whole or candidate.type == "ORGANIZATION" or _worth_masking(text[start:end])):
                taken.append(Candidate(start, end, candidate.type, candidate.score, candidate.evidence))
    return sorted(taken, key=lambda c: c.start)


def is_validated(candidate: Candidate) -> bool:
    """Whether a pattern, not a model, is sure of a structured identifier: by check digit, form or label."""
    return candidate.type in _STRUCTURED and any(
        each.score >= _VALIDATED and each.recognizer not in MODELS for each in candidate.evidence
    )


def _worth_masking(rest: str) -> bool:
    """Whether what remains of a span beside a stronger one may still tell something."""
    return any(character.isdigit() for character in rest) or rest.endswith("s/n") or any(
        word[0].isupper() and len(word) > 1 and not is_generic(word) and not is_stop(word)
        for word in _NAME_WORD.findall(rest)
    )


def _strength(candidate: Candidate) -> float:
    """Score, with a bonus for long soft spans so that an address or a firm keeps the names inside it."""
    bonus = min(0.3, (candidate.end - candidate.start) / 100) if candidate.type in _SOFT else 0.1
    return min(candidate.score, 0.95) + bonus


class _FreeSpans:
    """What of a span nobody has taken yet."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, start: int, end: int) -> list[tuple[int, int]]:
        """Take [start, end); returns the parts of it that were free."""
        from bisect import bisect_left, bisect_right

        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        free, position = [], start
        for index in range(first, last):
            if position < self._starts[index]:
                free.append((position, self._starts[index]))
            position = max(position, self._ends[index])
        if position < end:
            free.append((position, end))
        lowest = min([start, *self._starts[first:last]])
        highest = max([end, *self._ends[first:last]])
        self._starts[first:last] = [lowest]
        self._ends[first:last] = [highest]
        return free
