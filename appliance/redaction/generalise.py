"""Making a value coarser instead of replacing it: ages in bands, dates as years, ZIP codes as three digits.

After the safe harbor method, 45 CFR 164.514(b)(2)(i): ages over 89 become one category, of a date only the
year is kept, of a ZIP code the first three digits, and `000` where fewer than 20,000 people live. What
cannot be made coarser with certainty becomes a mask.
"""

import re
from datetime import UTC, datetime

_SMALL_ZIP3 = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893"
SMALL_ZIP3 = frozenset(_SMALL_ZIP3.split())
"""Three-digit areas with 20,000 people or fewer, as listed in the HHS guidance on de-identification (2012)."""

_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d{2}(?!\d)")
_ZIP = re.compile(r"(?<!\d)(\d{3})\d{2}(?:-\d{4})?(?!\d)")
_BAND = 10
_OLDEST = 90


def generalise(type_: str, original: str) -> str:
    """A coarser text for a value of `type_`, without any other part of `original`."""
    if type_ == "AGE":
        return _age(original)
    if type_ == "DATE_TIME":
        return _year(original)
    if type_ == "LOCATION":
        found = _ZIP.search(original)
        return f"[ZIP3:{'000' if found[1] in SMALL_ZIP3 else found[1]}]" if found else mask(type_)
    return mask(type_)


def mask(type_: str) -> str:
    """The type alone."""
    return f"[{type_}]"


def last_four(type_: str, original: str) -> str:
    """The last four digits of a number of 12 or more, as PCI DSS 3.4 lets be displayed; else a mask."""
    digits = "".join(c for c in original if c.isdecimal())
    return f"[{type_}:****{digits[-4:]}]" if len(digits) >= 12 else mask(type_)


def _year(original: str) -> str:
    years = set(_YEAR.findall(original))
    if len(years) != 1:
        return mask("DATE_TIME")
    year = years.pop()
    # A year that long ago, if of birth, tells an age over 89.
    return year if int(year) > datetime.now(UTC).year - _OLDEST else mask("DATE_TIME")


def _age(original: str) -> str:
    numbers = [int(found) for found in _NUMBER.findall(original)]
    if len(numbers) != 1:
        return mask("AGE")
    age = numbers[0]
    if age >= _OLDEST:
        return "[AGE:90+]"
    return f"[AGE:{age // _BAND * _BAND}-{age // _BAND * _BAND + _BAND - 1}]"
