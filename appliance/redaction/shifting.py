"""Dates moved by a number of days of their person, so that intervals stay and the days do not.

Every date of one person moves by the same number of whole weeks, which keeps weekdays true. The amount comes from
the key ring, and for a person in the vault from that person's own key: it is forgotten with them. After J. L.
Warner et al., "SHIFT: Sequential Date Shifting for De-identification", Journal of the American Medical
Informatics Association 26 (2019), and the practice of MIMIC (one random offset a patient).

A moved date stands in brackets, `[DATE:14 May 2023]`, written as the original was: nobody takes it for the true
one. A date that cannot be read with certainty (`3/4/2023` where nothing tells day from month) is not moved.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NAME = "|".join(f"{name}|{name[:3]}" for name in _MONTHS) + "|sept"
_ISO = re.compile(r"\b(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"\b(?P<a>\d{1,2})(?P<s>[/.-])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})\b")
_DAY_FIRST = re.compile(
    rf"\b(?P<d>\d{{1,2}})(?P<o>st|nd|rd|th)?(?P<s1>[ -](?:of )?)(?P<n>{_NAME})(?P<s2>[.,]?[ -])(?P<y>\d{{4}})\b", re.I
)
_MONTH_FIRST = re.compile(
    rf"\b(?P<n>{_NAME})(?P<s1>[.]? )(?P<d>\d{{1,2}})(?P<o>st|nd|rd|th)?(?P<s2>,? )(?P<y>\d{{4}})\b", re.I
)
_REST = re.compile(
    r"(?:\b(?:mon|tues?|wednes|thurs?|fri|satur|sat|sun)(?:day)?\b|\bat\b|\bon\b|T?\d{1,2}:\d{2}(?::\d{2})?"
    r"|[ap]\.?m\.?|[\s,.;:()]|Z\b)*",
    re.I,
)
_THIS_CENTURY = 50


def is_day_first(texts: Iterable[str]) -> bool | None:
    """How a document writes numeric dates, told by one whose parts leave no choice; None when none does, or both."""
    found = set()
    for text in texts:
        for match in _NUMERIC.finditer(text):
            first, second = int(match["a"]), int(match["b"])
            if match["s"] == "." or (first > 12) != (second > 12):
                found.add(match["s"] == "." or first > 12)
    return found.pop() if len(found) == 1 else None


def shifted(text: str, days: int, day_first: bool | None) -> str | None:
    """The one date in `text` moved by `days`, written as it was, with a time or weekday beside it kept.

    None when there is not exactly one that can be read, or when something else stands beside it.
    """
    found = [
        (match, when, write)
        for pattern, read in _FORMS
        for match in pattern.finditer(text)
        if (read_as := read(match, day_first)) is not None
        for when, write in [read_as]
    ]
    if len(found) != 1:
        return None
    match, when, write = found[0]
    before, after = text[: match.start()], text[match.end() :]
    if not _REST.fullmatch(before) or not _REST.fullmatch(after):
        return None
    try:
        moved = when + timedelta(days=days)
    except OverflowError:
        return None
    return f"[DATE:{before}{write(match, moved)}{after}]"


def _iso(match: re.Match[str], day_first: bool | None):  # type: ignore[no-untyped-def]
    when = _day(int(match["y"]), int(match["m"]), int(match["d"]))

    def write(m: re.Match[str], d: date) -> str:
        return f"{d.year:04}{m['s']}{_padded(d.month, m['m'])}{m['s']}{_padded(d.day, m['d'])}"

    return when and (when, write)


def _numeric(match: re.Match[str], day_first: bool | None):  # type: ignore[no-untyped-def]
    first, second = int(match["a"]), int(match["b"])
    order = True if match["s"] == "." else day_first
    if order is None and first == second:
        order = True
    if order is None and (first > 12) != (second > 12):
        order = first > 12
    if order is None:
        return None
    year = int(match["y"])
    if len(match["y"]) == 2:
        year += 2000 if year < _THIS_CENTURY else 1900
    when = _day(year, second, first) if order else _day(year, first, second)

    def write(m: re.Match[str], d: date) -> str:
        one, other = (d.day, d.month) if order else (d.month, d.day)
        written = f"{d.year:04}" if len(m["y"]) == 4 else f"{d.year % 100:02}"
        return f"{_padded(one, m['a'])}{m['s']}{_padded(other, m['b'])}{m['s']}{written}"

    return when and (when, write)


def _named(match: re.Match[str], day_first: bool | None):  # type: ignore[no-untyped-def]
    month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(match["n"].lower()[:3]))
    when = _day(int(match["y"]), month, int(match["d"]))

    def write(m: re.Match[str], d: date) -> str:
        name = _MONTHS[d.month - 1]
        name = name if len(m["n"]) > 4 or m["n"].lower() in _MONTHS else name[:3]
        name = name.upper() if m["n"].isupper() else name.capitalize() if m["n"][0].isupper() else name
        day = _padded(d.day, m["d"]) + (_ordinal(d.day) if m["o"] else "")
        if m.start("d") < m.start("n"):
            return f"{day}{m['s1']}{name}{m['s2']}{d.year:04}"
        return f"{name}{m['s1']}{day}{m['s2']}{d.year:04}"

    return when and (when, write)


_FORMS = ((_ISO, _iso), (_NUMERIC, _numeric), (_DAY_FIRST, _named), (_MONTH_FIRST, _named))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _padded(number: int, like: str) -> str:
    return f"{number:02}" if like.startswith("0") or len(like) == 2 else str(number)


def _ordinal(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
