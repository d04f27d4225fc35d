"""Ranges of numbers in a text: whether "-25 to 0 degrees" holds -10, and "below 50" holds 30."""

import re

_N = r"([-−+]?\d+(?:,\d{3})*(?:\.\d+)?)"
_GAP = r"(?:\s?[^\W\d_]{1,12}|\s?%|\s?°\s?[CF]?)?"
_BETWEEN = re.compile(rf"(?<![\w.,/]){_N}{_GAP}\s?(?:to|and|until|through|–|—|-)\s?{_N}(?![\w/])", re.IGNORECASE)
_BELOW = re.compile(rf"(?:\b(?:below|under|less than|lower than|up to|at most|no more than)|<|≤)\s?{_N}", re.IGNORECASE)
_ABOVE = re.compile(
    rf"(?:\b(?:above|over|more than|greater than|higher than|at least|exceed\w*)|>|≥)\s?{_N}"
    rf"|{_N}{_GAP}\s(?:or|and) (?:more|above|over|higher)",
    re.IGNORECASE,
)
_ASKED = re.compile(rf"(?:\b(?P<minus>minus|below zero)\s)?(?<![\w.,/-]){_N}", re.IGNORECASE)


def asked_numbers(question: str) -> dict[str, float]:
    """The numbers of a question as they are written, with their values; "minus 10" is -10."""
    found = {}
    for match in _ASKED.finditer(question):
        value = _value(match[2])
        found[match[2].lstrip("-−+")] = -value if match["minus"] else value
    return found


def within(value: float, text: str) -> bool:
    """Whether a range that `text` states holds `value`."""
    for match in _BETWEEN.finditer(text):
        low, high = _value(match[1]), _value(match[2])
        if low < high and low <= value <= high:
            return True
    if any(value < _value(match[1]) for match in _BELOW.finditer(text)):
        return True
    return any(value > _value(match[1] or match[2]) for match in _ABOVE.finditer(text))


def _value(written: str) -> float:
    return float(written.replace(",", "").replace("−", "-"))
