"""Word lists: evidence for or against a name, never a verdict.

All were written for this program, the names of some fifty languages from general knowledge, but `ordinary_words`:
those are the words that stand at least three times in lower case, and rarely capitalised inside a sentence, in
abstracts, encyclopedia articles, annual reports and bank customers' questions (the corpora of SciFact, PubMedQA,
COVID-QA, TAT-QA, WiCE, Banking77), less all names of the other lists, and with words of workshop, stores, ward and
counter added.
"""

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
