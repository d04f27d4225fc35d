"""What a number is a number of: a value that stands in the evidence may belong to another fact there.

"Isolation ends 48 hours after onset in patients over 18 years" holds an 18, yet no "18 hours after onset". A thing
belongs to the number it stands nearest to in its sentence, in a table to the numbers of its row and its column. A
claim is bound wrongly when another number of the evidence fits the words around the claim's number better.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.answering.features import rarity_of
from appliance.answering.words import DATE, NUMBER, STOP, SURROGATE, UNIT_NAMES, WORD, Quantity, quantities, stem, stems

BEFORE = 1.25
"""A thing before a number counts as this much further away than one after it."""
CLAUSE = 4
"""Words that a comma, semicolon or bracket between a thing and a number counts for."""
BETTER = 3.0
"""Rarity by which the words around a claim's number must fit another number better: about one word of content."""

_BREAK = re.compile(r"[,;:()]|\.(?=\s)|\b(?:and|or|but|while|whereas|for|if|when|unless)\b", re.IGNORECASE)


_CODE = re.compile(r"\w-\d|\d-\w")
_RANGE = re.compile(r"\s*(?:to|-|–|and)\s*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_KINDS = (
    frozenset(("second", "minute", "hour", "day", "week", "month", "year")),
    frozenset(("ug", "mg", "g", "kg")),
    frozenset(("nm", "mm", "cm", "m", "km")),
)
_SCALES = frozenset(("thousand", "million", "billion"))


@dataclass(frozen=True, slots=True)
class Fact:
    """A number with its unit in text number `text`, and the stems of the things that it is of.

    `shares` are the things before the first number of its sentence: those of the other numbers, and perhaps its own.
    """

    quantity: Quantity
    of: frozenset[str]
    shares: frozenset[str] = frozenset()
    text: int = 0


def facts(text: str, above: str = "", number: int = 0) -> list[Fact]:
    """The numbers of a text and what each is of; a year is a thing. `above` are headings, which hold for all."""
    over = frozenset(stems(above))
    if " | " in text:
        return [Fact(quantity, of | over, frozenset(), number) for quantity, of in _of_rows(text)]
    found = _of_sentence(text)
    first = found[0][1] if found else frozenset()
    return [Fact(quantity, of | over, first - of, number) for quantity, of in found]


def bound_elsewhere(claim: str, texts: Sequence[str], above: Sequence[str] = ()) -> bool:
    """True when a number of the claim belongs, in the texts, to something else than the claim says.

    Numbers that stand nowhere in the texts are not looked at. `above` are the headings over each text.
    """
    known = [
        fact
        for index, text in enumerate(texts)
        for fact in facts(text, above[index] if index < len(above) else "", index)
    ]
    return any(_elsewhere(said, known) for said in facts(claim))


def _elsewhere(said: Fact, known: Sequence[Fact]) -> bool:
    own = [fact for fact in known if fact.quantity.value == said.quantity.value]
    if not own:
        return False
    best = max(_fit(said, fact) for fact in own)
    places = {fact.text for fact in own}
    others = [
        fact
        for fact in known
        if fact.quantity.value != said.quantity.value
        and (
            _comparable(said, fact)
            if fact.text in places
            else fact.quantity.unit and fact.quantity.unit == said.quantity.unit
        )
    ]
    return any(_fit(said, fact) >= best + BETTER for fact in others)


def _comparable(said: Fact, fact: Fact) -> bool:
    """Whether one unit may have been written for the other: both of a kind, or one not written."""
    one, other = said.quantity.unit, fact.quantity.unit
    return not one or not other or one == other or any(one in kind and other in kind for kind in _KINDS)


def _fit(said: Fact, fact: Fact) -> float:
    same = said.quantity.unit == fact.quantity.unit or not said.quantity.unit
    shared = sum(rarity_of(each) for each in said.of & fact.shares) / 2
    return sum(rarity_of(each) for each in said.of & fact.of) + shared + (BETTER if same else 0.0)


def _of_sentence(text: str) -> list[tuple[Quantity, frozenset[str]]]:
    masked = DATE.sub(_blank, SURROGATE.sub(_blank, text))
    spans = [match.span() for match in NUMBER.finditer(masked) if not _YEAR.fullmatch(match.group())]
    spans = [(start, end) for start, end in spans if not _CODE.search(masked[max(0, start - 2) : end + 2])]
    found: list[set[str]] = [set() for _ in spans]
    for match in WORD.finditer(masked) if spans else ():
        word = match.group().lower()
        if (word[0].isdigit() and not _YEAR.fullmatch(word)) or word in STOP or word in _SCALES or _is_unit(word):
            continue
        away = [_distance(masked, match.span(), span) for span in spans]
        nearest = min(away)
        for things, distance in zip(found, away, strict=True):
            if distance == nearest:
                things.update(stems(match.group()))
    read = [quantities(masked[max(0, start - 2) : end + 24])[:1] for start, end in spans]
    for i in reversed(range(len(spans) - 1)):
        if _RANGE.fullmatch(masked[spans[i][1] : spans[i + 1][0]]) and read[i] and read[i + 1]:
            read[i] = [Quantity(read[i][0].value, read[i][0].unit or read[i + 1][0].unit)]
    return [(quantity[0], frozenset(things)) for quantity, things in zip(read, found, strict=True) if quantity]


def _of_rows(text: str) -> list[tuple[Quantity, frozenset[str]]]:
    """Numbers of every row but the first, of the row's first cell, the column's head and their own cell."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.split("\n") if "|" in line]
    head = rows[0] if len(rows) > 1 else []
    found: list[tuple[Quantity, frozenset[str]]] = []
    for row in rows[1:] or rows:
        for column, cell in enumerate(row):
            around = " ".join([cell, row[0], head[column] if column < len(head) else ""])
            of = frozenset(each for each in stems(around) if not each[0].isdigit())
            found.extend((quantity, of) for quantity in quantities(cell))
    return found


def _distance(text: str, thing: tuple[int, int], number: tuple[int, int]) -> float:
    """Words between a thing and a number, with what a break and the order count for."""
    before = thing[0] < number[0]
    between = text[thing[1] : number[0]] if before else text[number[1] : thing[0]]
    words = len(between.split()) + CLAUSE * len(_BREAK.findall(between))
    return words * BEFORE if before else float(words)


def _is_unit(word: str) -> bool:
    return word in UNIT_NAMES or stem(word) in UNIT_NAMES


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
