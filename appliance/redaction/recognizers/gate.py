"""Which parts of a text the costly name model must read: those with a word that may be a name and is not explained yet.

Measured: the ONNX model takes three quarters of all time when it reads everything, and adds nothing where the
patterns and spaCy agree already.
"""

from collections.abc import Iterator

import regex

from appliance.redaction.recognizers.counter import HEADING_WORDS, is_abbreviation
from appliance.redaction.recognizers.lexicon import words
from appliance.redaction.recognizers.names import is_stop
from appliance.redaction.recognizers.ordinary import is_ordinary
from appliance.redaction.recognizers.organisations import GENERIC

SEGMENT = 150
LONGEST_RUN = 470
_SPLIT = regex.compile(r"\n+|(?<=[\p{Ll}\d)][.!?])[ ]+(?=\p{Lu})")
_CAPITALISED = regex.compile(r"(?<![\p{L}\p{M}'-])\p{Lu}[\p{L}\p{M}'-]{2,}")
_LOWER_NEXT = regex.compile(r"[ ]\p{Ll}|[,:;]?$|[,:;][ ]")
_WORD = regex.compile(r"\p{L}{2,}")


def segments(text: str) -> Iterator[tuple[int, int]]:
    """Spans of whole lines and sentences, at most SEGMENT characters unless one sentence is longer."""
    start = position = 0
    for match in _SPLIT.finditer(text):
        if match.end() - start > SEGMENT and position > start:
            yield start, position
            start = position
        position = match.end()
    if position > start and len(text) - start > SEGMENT:
        yield start, position
        start = position
    if start < len(text):
        yield start, len(text)


def may_hold_name(text: str, start: int, end: int, explained, offset: int = 0) -> bool:  # type: ignore[no-untyped-def]
    """Whether [start, end) of `text` has a capitalised word that no list, no counter-evidence and no finding explains.

    `explained.overlaps(a, b)` answers for document offsets, which are those of `text` plus `offset`. A text in lower
    case throughout is always read.
    """
    seen = False
    for match in _CAPITALISED.finditer(text, start, end):
        seen = True
        word = match[0].removesuffix("'s").casefold()
        if explained.overlaps(offset + match.start(), offset + match.end()):
            continue
        known = word in words("given_names") or word in words("surnames")
        if known and word not in words("ambiguous_names"):
            return True
        if (
            word in GENERIC
            or word in HEADING_WORDS
            or is_abbreviation(word)
            or is_stop(match[0])
            or word in words("demonyms")
            or word in words("drugs")
            or is_ordinary(word)
        ):
            continue
        before = text[max(start, match.start() - 2) : match.start()]
        first = not before.strip() or before.rstrip()[-1:] in ".!?:|-\u2022"
        if first and _LOWER_NEXT.match(text, match.end(), end):
            continue
        return True
    return not seen and len(_WORD.findall(text, start, end)) >= 3
