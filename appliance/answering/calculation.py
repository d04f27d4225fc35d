"""Calculations that code makes from cells of one quoted table row: change, change in percent, average, sum.

A model's arithmetic is never shown. This is, with its operands and formula, where three things are beyond doubt: the
question's words ask for a calculation, its row is the one that says what the question says, and each period that it
names heads exactly one column. Else there is none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.answering.asking import understand
from appliance.answering.features import rarity_of
from appliance.answering.words import stems

YEAR = re.compile(r"\b(?:FY?\s?'?(?P<short>\d\d)|(?P<long>(?:19|20)\d\d))\b")
LEAST_SAID = 0.7
"""Share of a row's name, by rarity, that the question must say."""

RIGHT = 0.9
"""Probability that such a calculation of all that was asked is right: .97 of those on TAT-QA's development part."""
_OF_TIME = frozenset(stems("fiscal financial year years period ended ending end annual amount value number percentage"))

_CHANGE = r"(?:chang\w*|increas\w*|decreas\w*|differences?|growth|grow|declin\w*|variance)"
_PERCENT = re.compile(
    rf"(?:%|\bpercent\w*)(?: of)?(?: the)?(?: year[- ]on[- ]year| annual)? ?[(/]*{_CHANGE}"
    rf"|\b{_CHANGE}\b.{{0,30}}(?:\bin (?:%|percent)|\bpercentage)|\bgrowth rate"
    rf"|\b(?:what|which) percent\w* (?:did|has|have|was|were)\b.{{0,60}}\b{_CHANGE}",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(rf"\b{_CHANGE}", re.IGNORECASE)
_NET_CHANGE = re.compile(rf"\bnet (?={_CHANGE}\b)", re.IGNORECASE)
_AVERAGE = re.compile(r"\b(?:average|mean)\b", re.IGNORECASE)
_SUM = re.compile(r"\b(?:sum|combined|(?:what|how much) (?:is|was|were) the total)\b", re.IGNORECASE)
_NO_CALCULATION = re.compile(r"\brespectively\b|\beach\b|\b(?:%|percent\w*|proportion|share) of\b", re.IGNORECASE)
_NARROWS = re.compile(r"\b(?:total|other)\b", re.IGNORECASE)
"""Words that make a row another row: both the question and its name say them, or neither."""
_BACKWARDS = re.compile(
    r"\b(?:in|for|of|during) (?:FY?\s?'?\d\d|(?:19|20)\d\d)\b\D{0,20}\b(?:from|over|against|compared)\b", re.IGNORECASE
)
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
_THROUGH = re.compile(r"\b(?:19|20)\d\d\s*(?:to|through|until|–|-)\s*(?:19|20)\d\d\b")
_CELL = re.compile(
    r"[$€£]?\s*(?P<open>\(?)\s*(?P<sign>[-−–]?)\s*[$€£]?\s*(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"\s*%?\s*\)?\s*%?"
)
_NIL = re.compile(r"[$€£]?\s*[-—–]")


@dataclass(frozen=True, slots=True)
class Calculation:
    """`sentence` says result, operands and formula; `name` is the row's, `said` how much of it the question says."""

    name: str
    sentence: str
    said: float


@dataclass(frozen=True, slots=True)
class _Cell:
    value: float
    decimals: int
    percent: bool


def asks_for(question: str) -> str:
    """`percent`, `change`, `average` or `sum`; empty where the question's words ask for no calculation."""
    if _NO_CALCULATION.search(question) or understand(question).kind == "reason" or not YEAR.search(question):
        return ""
    if _AVERAGE.search(question):
        return "" if _DIFFERENCE.search(question) else "average"
    if _PERCENT.search(question):
        return "percent"
    if _DIFFERENCE.search(question):
        return "change"
    return "sum" if _SUM.search(question) else ""


def calculate(question: str, texts: Sequence[str]) -> tuple[int, Calculation] | None:
    """The calculation that the question asks for, and the index of the text whose row it was made from.

    `texts` are table rows, each below the lines of its header, cells between ` | `. None where two different rows
    fit equally.
    """
    kind = asks_for(question)
    found = [(i, made) for i, text in enumerate(texts) if kind and (made := _of_row(question, kind, text))]
    found.sort(key=lambda each: -each[1].said)
    if not found or (len(found) > 1 and found[1][1].said == found[0][1].said and found[1][1] != found[0][1]):
        return None
    return found[0]


def is_all_of(question: str, text: str) -> bool:
    """Whether a table's text, with its headings, holds every word of the question but those of calculating and time:
    then the calculation is of what was asked, and of nobody else."""
    for pattern in (_PERCENT, _DIFFERENCE, _AVERAGE, _SUM, YEAR):
        question = pattern.sub(" ", question)
    return set(stems(question)) <= _OF_TIME | set(stems(text))


def _of_row(question: str, kind: str, text: str) -> Calculation | None:
    *head, row = [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]
    name, said = row[0], _said(row[0], question)
    if not head or not name or said < LEAST_SAID or (kind == "average" and _AVERAGE.search(name)):
        return None
    if kind == "sum" and name.lower().startswith("total"):
        return None  # the row is a total itself: which of both is asked for cannot be told
    years = _years(question, kind)
    cells = [_cell_of(year, head, row) for year in years]
    known = [cell for cell in cells if cell is not None]
    if len(known) != len(years) or len(known) < 2 or (kind in ("percent", "change") and len(known) != 2):
        return None
    formula = _formula(kind, years, known)
    return Calculation(name, f"{name.rstrip(':')}, {formula}", said) if formula else None


def _formula(kind: str, years: Sequence[int], cells: Sequence[_Cell]) -> str:
    """The calculation in words and signs; empty where there is none, as by nothing."""
    shown = [_written(cell.value, cell.decimals) + ("%" if cell.percent else "") for cell in cells]
    values, digits = [cell.value for cell in cells], max(cell.decimals for cell in cells)
    unit = "%" if any(cell.percent for cell in cells) else ""
    signed = [f"({each})" if each.startswith("−") else each for each in shown]
    if kind in ("percent", "change"):
        period = f"{years[0]} to {years[1]}"
        if kind == "change":
            points = " percentage points" if unit else ""
            result = _written(values[1] - values[0], digits)
            return f"change from {period}: {shown[1]} − {signed[0]} = {result}{points}."
        if not values[0] or unit:
            return ""
        result = _written(100 * (values[1] - values[0]) / values[0], 2)
        return f"change from {period} in percent: ({shown[1]} − {signed[0]}) / {signed[0]} = {result}%."
    added, total = " + ".join([shown[0], *signed[1:]]), sum(values)
    period = f"{', '.join(map(str, years[:-1]))} and {years[-1]}"
    if kind == "average":
        return f"average of {period}: ({added}) / {len(values)} = {_written(total / len(values), 2)}{unit}."
    return "" if unit else f"sum of {period}: {added} = {_written(total, digits)}."


def _years(question: str, kind: str) -> list[int]:
    """The years that a question names: for a change from the earlier to the later, unless its words say otherwise."""
    found = list(dict.fromkeys(_year(match) for match in YEAR.finditer(question)))
    if kind in ("average", "sum"):
        if _THROUGH.search(question) and len(found) == 2:
            return list(range(min(found), max(found) + 1))
        return found
    if len(found) == 2 and _FROM.search(question):
        return found[::-1] if _BACKWARDS.search(question) else found
    return sorted(found)


def _year(match: re.Match[str]) -> int:
    return int(match["long"]) if match["long"] else 2000 + int(match["short"])


def _cell_of(year: int, head: Sequence[Sequence[str]], row: Sequence[str]) -> _Cell | None:
    """The one number of the row below that year and no other; None where there is none, or more than one."""
    columns = {
        column
        for line in head
        for column, cell in enumerate(line)
        if column and column < len(row) and {_year(match) for match in YEAR.finditer(cell)} == {year}
    }
    cells = [cell for column in sorted(columns) if (cell := _number(row[column])) is not None]
    plain = [cell for cell in cells if not cell.percent] or cells
    return plain[0] if len(set(plain)) == 1 else None


def _number(cell: str) -> _Cell | None:
    """A cell's number: brackets and minus signs mean below nothing, a dash alone nothing."""
    if _NIL.fullmatch(cell):
        return _Cell(0.0, 0, False)
    match = _CELL.fullmatch(cell)
    if not match:
        return None
    digits = match["digits"].replace(",", "")
    below = bool(match["sign"] or match["open"])
    return _Cell(-float(digits) if below else float(digits), len(digits.partition(".")[2]), "%" in cell)


def _said(name: str, question: str) -> float:
    """How well a row's name is what the question says: the share of the name said, less a little of what is not."""
    asked, own = set(stems(_NET_CHANGE.sub("", question))), set(stems(name))
    if _narrowed(name) != _narrowed(question):
        return 0.0
    whole = sum(map(rarity_of, own))
    if not whole:
        return 0.0
    share = sum(rarity_of(stem) for stem in own & asked) / whole
    return share + 0.01 * sum(rarity_of(stem) for stem in own & asked) if share >= LEAST_SAID else share


def _narrowed(text: str) -> set[str]:
    return {word.lower() for word in _NARROWS.findall(text)}


def _written(value: float, decimals: int) -> str:
    text = f"{abs(round(value, decimals)):,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"−{text}" if round(value, decimals) < 0 else text
