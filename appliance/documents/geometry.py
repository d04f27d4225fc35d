"""Words and cells of a block in a tenth of the memory that objects take: a page has a thousand words.

Both are read as sequences; what is read is made at that moment. Numbers are kept as they came.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1."""
_FIELDS = 7


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a block: where it stands in the block's text and on the page."""

    start: int
    end: int
    box: Box
    confidence: float = 1.0
    """1.0 for a text layer; what the recogniser said for OCR."""


class Words(Sequence[Word]):
    """Words in order: start, end, box and confidence of each, one after another."""

    __slots__ = ("_numbers",)

    def __init__(self, words: Iterable[Word] = ()) -> None:
        self._numbers = array("d")
        for word in words:
            self._numbers.extend((word.start, word.end, *word.box, word.confidence))

    @classmethod
    def of_numbers(cls, numbers: "array[float]") -> "Words":
        """From seven checked numbers a word: start, end, the box's four, confidence."""
        made = cls()
        made._numbers = numbers
        return made

    def __len__(self) -> int:
        return len(self._numbers) // _FIELDS

    @overload
    def __getitem__(self, index: int) -> Word: ...
    @overload
    def __getitem__(self, index: slice) -> "Words": ...
    def __getitem__(self, index: int | slice) -> "Word | Words":
        if isinstance(index, slice):
            return Words(self[place] for place in range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        start, end, x0, y0, x1, y1, confidence = self._numbers[place * _FIELDS : (place + 1) * _FIELDS]
        return Word(int(start), int(end), (x0, y0, x1, y1), confidence)

    def __iter__(self) -> Iterator[Word]:
        numbers = iter(self._numbers)
        for start, end, x0, y0, x1, y1, confidence in zip(*[numbers] * _FIELDS, strict=True):
            yield Word(int(start), int(end), (x0, y0, x1, y1), confidence)

    def touching(self, start: int, end: int) -> "Iterator[Word]":
        """The words that have a character in `start:end`; no other is made."""
        numbers = self._numbers
        for place in range(0, len(numbers), _FIELDS):
            if numbers[place] < end and numbers[place + 1] > start:
                yield self[place // _FIELDS]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Words):
            return self._numbers == other._numbers
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))


def touching(words: Sequence[Word], start: int, end: int) -> Iterator[Word]:
    """The words that have a character in `start:end`."""
    if isinstance(words, Words):
        return words.touching(start, end)
    return (word for word in words if word.start < end and word.end > start)


class Spans(Sequence[tuple[int, int]]):
    """Starts and ends in order, of the cells of a row for one."""

    __slots__ = ("_numbers",)

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._numbers = array("l")
        for span in spans:
            self._numbers.extend(span)

    def __len__(self) -> int:
        return len(self._numbers) // 2

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, index: slice) -> "Spans": ...
    def __getitem__(self, index: int | slice) -> "tuple[int, int] | Spans":
        if isinstance(index, slice):
            return Spans(self[place] for place in range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        return self._numbers[2 * place], self._numbers[2 * place + 1]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Spans):
            return self._numbers == other._numbers
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))
