"""What the cells of tables say: whether a cell is a figure, and how a spreadsheet shows its numbers."""

import re
from datetime import date, datetime, time, timedelta

_FIGURE = re.compile(r"[\s$\u20ac\u00a3\u00a5(+-]*\d[\d\s.,:/%()-]*[a-zA-Z%\u20ac]{0,3}\s*")
_PADDED = re.compile(r"0{2,}")


def is_figure(text: str) -> bool:
    """Whether a cell is a number, an amount, a date or a time, and so no name of a column."""
    return _FIGURE.fullmatch(text) is not None and not re.fullmatch(r"(19|20)\d\d", text.strip())


def number_text(value: float, code: str) -> str:
    """A number as its format (ECMA-376, 18.8.30) shows it, as far as it changes what is read: percent and
    leading zeros. Thousands separators and currency signs are left out."""
    plain = code.split(";")[0]
    if "%" in plain and abs(value) < 1e12:
        return f"{_shortest(round(value * 100, 10))}%"
    if _PADDED.fullmatch(plain) and value == int(value) and value >= 0:
        return str(int(value)).zfill(len(plain))
    return _shortest(value)


def moment_text(value: datetime | date | time | timedelta) -> str:
    """A date or time in ISO 8601; midnight is no time of day."""
    if isinstance(value, datetime):
        if (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="minutes" if not value.second else "seconds")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes" if not value.second else "seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    return value.isoformat()


def _shortest(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.15g}"
