"""Replacing spans of a text, and moving offsets from the text before to the text after."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from appliance.redaction.findings import Finding
from appliance.redaction.policy import Action


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one text that is to be replaced."""

    text: int
    """Number of the text."""
    start: int
    end: int
    finding: Finding
    action: Action
    original: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Replacement:
    """`start:end` of the input becomes `text`, for an entity of `type`."""

    start: int
    end: int
    text: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A text after its replacements, which are ordered and do not overlap."""

    text: str
    replacements: tuple[Replacement, ...]
    starts: tuple[int, ...] = field(repr=False)
    """Where each replacement starts in `text`."""

    def moved(self, offset: int) -> int:
        """Where an offset of the input is now. One inside a replacement moves behind it."""
        number = bisect_right(self.replacements, offset, key=lambda r: r.start) - 1
        if number < 0:
            return offset
        one, start = self.replacements[number], self.starts[number]
        if offset == one.start:
            return start
        return start + len(one.text) + max(0, offset - one.end)

    def touching(self, start: int, end: int) -> list[int]:
        """The numbers of the replacements that share a character with `start:end` of the input."""
        first = max(0, bisect_right(self.replacements, start, key=lambda r: r.start) - 1)
        found = []
        for number in range(first, len(self.replacements)):
            one = self.replacements[number]
            if one.start >= end:
                break
            if one.end > start:
                found.append(number)
        return found


def replace(text: str, replacements: Sequence[Replacement]) -> Replaced:
    """Replace spans of `text`. They must be ordered, inside the text and apart: ValueError otherwise."""
    pieces: list[str] = []
    starts: list[int] = []
    position = length = 0
    for one in replacements:
        if not position <= one.start < one.end <= len(text):
            raise ValueError("replacements overlap or leave the text")
        pieces += [text[position : one.start], one.text]
        starts.append(length + one.start - position)
        length = starts[-1] + len(one.text)
        position = one.end
    pieces.append(text[position:])
    return Replaced("".join(pieces), tuple(replacements), tuple(starts))
