"""Small word lists written for this program: evidence for or against a name, never a verdict."""

from functools import cache
from pathlib import Path


@cache
def words(name: str) -> frozenset[str]:
    """The entries of `name`.txt, lower case. Read once, on first use."""
    return frozenset((Path(__file__).parent / f"{name}.txt").read_text("utf-8").split("\n")) - {""}


def alternation(name: str) -> str:
    """The entries as one regular expression, longest first."""
    import re

    return "|".join(re.escape(entry).replace(r"\ ", "[ -]") for entry in sorted(words(name), key=len, reverse=True))
