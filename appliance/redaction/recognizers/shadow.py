
"""The shadow of a text: what a reader sees in it, with a map back to the offsets of the original.

Zero-width and bidirectional controls, soft hyphens, NULs, lone surrogates, marks on digits and on a run of letters
and the hyphen of a word broken over two lines are dropped, full-width and other decimal
digits become ASCII, compatibility letters their plain form, look-alike letters inside Latin words Latin,
typographic quotes, dashes and spaces plain ones. Detection reads the shadow; findings are of the original.
Sources: Unicode UAX #9 (bidi controls), UAX #15 (NFKC), UTS #39 (confusables, the common Cyrillic and Greek).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\uff07", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\uff02", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
        **dict.fromkeys(
            "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
        ),
        **dict.fromkeys("\u2028\u2029\u0085", "\n"),
        "\r": " ",
        "\t": " ",
    }
)
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_MARK = "[\u0300-\u036f\u20d0-\u20ff]"
_DROPPED = re.compile(
    rf"(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])|(?:[A-Za-z]{_MARK}+){{3,}}|(?<![^\W\d_])(?<!{_MARK}){_MARK}+"
)
"""Marks on three letters in a row, which no language writes; marks on what is no letter; a hyphen at a line's end."""
_UNUSUAL = re.compile("[^\u0020-\u007e\n\u00a0-\u024f\u2010-\u201f]|[\u00aa\u00ad\u00b2\u00b3\u00b9\u00ba]")
_LATIN_LOOKALIKES = dict(
    zip("АВЕКМНОРСТХаеорсухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEKMHOPCTXaeopcyxijsdqwABEZHIKMNOPTYXo", strict=True)
)
_MIXED_WORD = re.compile(r"[A-Za-z0-9\u0370-\u03ff\u0400-\u052f]+")


_OVERRIDE = re.compile("\u202e([^\u202c\u2069\n]*[A-Za-z0-9][^\u202c\u2069\n]*)")


def shown_in_reverse(text: str) -> Iterator[tuple[int, int]]:
    """Spans of Latin letters or digits that a right-to-left override turns around: what is read is not what stands."""
    return (match.span(1) for match in _OVERRIDE.finditer(text))


@dataclass(frozen=True, slots=True)
class Shadow:
    """A normalised text and, unless offsets are unchanged, the original offset of each of its characters."""

    text: str = field(repr=False)
    origin: tuple[int, ...] | None = field(default=None, repr=False)
    length: int = 0

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that shows as shadow characters [start, end)."""
        if self.origin is None or start >= end:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1

    def of_original(self, start: int, end: int) -> tuple[int, int]:
        """The shadow span of the original characters [start, end)."""
        if self.origin is None:
            return start, end
        from bisect import bisect_left

        return bisect_left(self.origin, start), bisect_left(self.origin, end)


def _unmix(text: str) -> str:
    """Replace look-alikes in words that mix them with Latin letters or digits; a Cyrillic word stays Cyrillic."""

    def plain(match: re.Match[str]) -> str:
        word = match[0]
        if word.isascii() or not any(character.isascii() for character in word):
            return word
        return "".join(_LATIN_LOOKALIKES.get(character, character) for character in word)

    return text if text.isascii() else _MIXED_WORD.sub(plain, text)


def shadow(text: str) -> Shadow:
    """Normalise `text`. Cost is linear; a text of ordinary characters keeps its offsets and needs no map."""
    plain = text.translate(_PLAIN)
    dropped = {
        offset
        for match in _DROPPED.finditer(plain)
        for offset in range(*match.span())
        if not (plain[offset].isascii() and plain[offset].isalpha())
    }
    if not dropped and not _UNUSUAL.search(plain) and not _INVISIBLE.search(plain):
        return Shadow(plain, None, len(text))
    characters: list[str] = []
    origin: list[int] = []
    for offset, character in enumerate(plain):
        if offset in dropped or _INVISIBLE.match(character):
            continue
        if character.isdecimal():
            character = str(unicodedata.decimal(character))
        elif character > "\u024f" or character in "\u00aa\u00b2\u00b3\u00b9\u00ba":
            folded = unicodedata.normalize("NFKC", character)
            # Why only letters and digits: a folded fraction or ligature must not invent punctuation.
            if folded != character and folded.isalnum():
                characters.extend(folded)
                origin.extend([offset] * len(folded))
                continue
            if len(folded) == 1 and folded.isascii():
                character = folded
        characters.append(character)
        origin.append(offset)
    return Shadow(_unmix("".join(characters)), tuple(origin), len(text))
