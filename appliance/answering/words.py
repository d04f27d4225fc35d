"""Words of a text as answering compares them: stems, numbers with units, names, polarity. English.

Everything here is a pure function of the text: nothing is learnt from a site's documents,
so nothing here can tell what a hidden document holds.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

WORD = re.compile(r"\[[A-Z][A-Z_]*:[a-z0-9]+\]|\d+(?:[.,:/]\d+)*%?|[^\W\d_]+(?:['’-][^\W\d_]+)*\d*|[^\W_]+")
NUMBER = re.compile(r"(?<![\w.,])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
SURROGATE = re.compile(r"\[[A-Z][A-Z_]*(?::[a-z0-9]+)?\]")

STOP = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "either",
        "else",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "let",
        "may",
        "me",
        "might",
        "more",
        "most",
        "much",
        "must",
        "my",
        "no",
        "nor",
        "not",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "per",
        "please",
        "same",
        "shall",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "thus",
        "to",
        "too",
        "under",
        "until",
        "up",
        "upon",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "would",
        "you",
        "your",
        "yours",
        "tell",
        "give",
        "say",
        "according",
        "document",
        "documents",
    ]
)

NEGATIONS = frozenset(
    [
        "no",
        "not",
        "none",
        "never",
        "neither",
        "nor",
        "without",
        "cannot",
        "cant",
        "can't",
        "don't",
        "doesn't",
        "didn't",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
        "won't",
        "wouldn't",
        "shouldn't",
        "couldn't",
        "hasn't",
        "haven't",
        "hadn't",
        "lack",
        "lacks",
        "lacked",
        "lacking",
        "absence",
        "absent",
        "fail",
        "fails",
        "failed",
        "failing",
        "unable",
        "unlikely",
        "rarely",
        "hardly",
        "insufficient",
        "ineffective",
        "unaffected",
        "independent",
        "irrespective",
        "unrelated",
        "unchanged",
        "non",
        "negative",
        "nothing",
    ]
)
UP = frozenset(
    [
        "increase",
        "increases",
        "increased",
        "increasing",
        "higher",
        "high",
        "greater",
        "more",
        "rise",
        "rises",
        "rising",
        "rose",
        "raise",
        "raised",
        "elevate",
        "elevated",
        "elevates",
        "enhance",
        "enhances",
        "enhanced",
        "promote",
        "promotes",
        "promoted",
        "improve",
        "improves",
        "improved",
        "improvement",
        "upregulate",
        "upregulates",
        "upregulated",
        "up-regulated",
        "activate",
        "activates",
        "activated",
        "activation",
        "accelerate",
        "accelerates",
        "gain",
        "gained",
        "stimulate",
        "stimulates",
        "stimulated",
        "induce",
        "induces",
        "induced",
        "longer",
        "larger",
        "stronger",
        "better",
        "above",
        "exceed",
        "exceeds",
        "exceeded",
        "positive",
        "positively",
        "most",
        "upregulation",
        "increased",
        "expand",
        "expands",
        "faster",
        "overexpression",
        "benefit",
        "beneficial",
        "older",
    ]
)
DOWN = frozenset(
    [
        "decrease",
        "decreases",
        "decreased",
        "decreasing",
        "lower",
        "low",
        "less",
        "fewer",
        "fall",
        "falls",
        "falling",
        "fell",
        "drop",
        "drops",
        "dropped",
        "reduce",
        "reduces",
        "reduced",
        "reducing",
        "reduction",
        "diminish",
        "diminishes",
        "diminished",
        "suppress",
        "suppresses",
        "suppressed",
        "suppression",
        "inhibit",
        "inhibits",
        "inhibited",
        "inhibition",
        "downregulate",
        "downregulates",
        "downregulated",
        "down-regulated",
        "impair",
        "impairs",
        "impaired",
        "prevent",
        "prevents",
        "prevented",
        "block",
        "blocks",
        "blocked",
        "attenuate",
        "attenuates",
        "attenuated",
        "worsen",
        "worsens",
        "worse",
        "shorter",
        "smaller",
        "weaker",
        "below",
        "decline",
        "declines",
        "declined",
        "loss",
        "lost",
        "lose",
        "deactivate",
        "abolish",
        "abolished",
        "protect",
        "protects",
        "protective",
        "negative",
        "negatively",
        "least",
        "downregulation",
        "slower",
        "deficiency",
        "deficient",
        "depletion",
        "harmful",
        "younger",
        "minimal",
    ]
)
STRONG = frozenset(
    [
        "must",
        "always",
        "never",
        "all",
        "every",
        "only",
        "required",
        "requires",
        "mandatory",
        "shall",
        "will",
        "proves",
        "proven",
        "confirms",
        "guarantees",
        "certainly",
        "definitely",
        "completely",
        "entirely",
        "sole",
        "none",
    ]
)
WEAK = frozenset(
    [
        "may",
        "might",
        "could",
        "can",
        "possibly",
        "perhaps",
        "likely",
        "probably",
        "suggest",
        "suggests",
        "suggested",
        "some",
        "sometimes",
        "often",
        "appears",
        "seems",
        "should",
        "recommended",
        "potential",
        "potentially",
        "consider",
        "usually",
        "generally",
        "optional",
    ]
)

_NUMBER_WORDS = {
    w: float(i)
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "hundred": 100.0,
    "thousand": 1000.0,
    "million": 1e6,
    "billion": 1e9,
    "once": 1.0,
    "twice": 2.0,
    "half": 0.5,
}
_UNITS = {
    "milligram": "mg",
    "milligrams": "mg",
    "gram": "g",
    "grams": "g",
    "microgram": "ug",
    "micrograms": "ug",
    "mcg": "ug",
    "µg": "ug",
    "μg": "ug",
    "kilogram": "kg",
    "kilograms": "kg",
    "millilitre": "ml",
    "milliliter": "ml",
    "millilitres": "ml",
    "milliliters": "ml",
    "litre": "l",
    "liter": "l",
    "litres": "l",
    "liters": "l",
    "percent": "%",
    "percentage": "%",
    "hours": "hour",
    "hrs": "hour",
    "hr": "hour",
    "h": "hour",
    "days": "day",
    "d": "day",
    "weeks": "week",
    "wk": "week",
    "months": "month",
    "years": "year",
    "yr": "year",
    "yrs": "year",
    "minutes": "minute",
    "min": "minute",
    "mins": "minute",
    "seconds": "second",
    "sec": "second",
    "times": "time",
    "dollars": "$",
    "usd": "$",
    "eur": "€",
    "euros": "€",
    "tablets": "tablet",
    "units": "unit",
    "patients": "patient",
    "metres": "m",
    "meters": "m",
    "metre": "m",
    "meter": "m",
    "kilometres": "km",
    "kilometers": "km",
    "bar": "bar",
    "nm": "nm",
    "mm": "mm",
    "cm": "cm",
    "°c": "°c",
    "celsius": "°c",
    "psi": "psi",
    "volts": "v",
    "volt": "v",
}
UNIT_NAMES = frozenset(_UNITS.values()) | {"%", "mmol", "mmol/l", "kpa", "mmhg", "bpm", "iu", "kv", "w", "kw"}
_SCALES = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "bn": 1e9, "billion": 1e9}
_MONTHS = {
    m: i + 1 for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
}
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DATE = re.compile(
    rf"\b(?:(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})|(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s*(\d{{4}})?"
    rf"|{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s*(\d{{4}})?\b|{_MONTH}\s+(\d{{4}})|"
    rf"(\d{{1,2}})[/.](\d{{1,2}})[/.](\d{{2,4}}))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text with the unit after (or the currency before) it, `unit` empty where there is none."""

    value: float
    unit: str = ""


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Snowball (Porter2) stem of a lower-case word; numbers, codes and surrogates stay as they are."""
    if not word.isalpha():
        return word.removesuffix("'s").removesuffix("’s")
    return str(_stemmer().stemWord(word))


def words(text: str) -> list[str]:
    """Lower-case words, numbers and surrogates in order; hyphenated words also in their parts."""
    found: list[str] = []
    for match in WORD.finditer(text):
        word = match.group().lower()
        found.append(word)
        if "-" in word and not word.startswith("["):
            found.extend(part for part in word.split("-") if len(part) > 1)
    return found


def stems(text: str) -> list[str]:
    """Stems of the words of content: without stop words, in order."""
    return [stem(word.replace(",", "")) for word in words(text) if word not in STOP]


def quantities(text: str) -> list[Quantity]:
    """Numbers with units: digits with separators, `5 mg`, `$1,452.4 million`, number words. Dates are left out."""
    text = DATE.sub(" ", SURROGATE.sub(" ", text))
    found = []
    for match in NUMBER.finditer(text):
        value = float(match.group().replace(",", "").replace("−", "-").lstrip("+"))
        after = re.match(r"\s?-?\s*([%°µμ$€£]?[a-zA-Z]*(?:/[a-zA-Z]+)?)", text[match.end() : match.end() + 24])
        word = (after.group(1) if after else "").lower()
        if word in _SCALES and word not in ("m", "k"):
            value *= _SCALES[word]
            word = ""
        before = text[max(0, match.start() - 2) : match.start()].strip()
        unit = before if before in ("$", "€", "£") else _unit(word)
        found.append(
            Quantity(abs(value) if value < 0 and match.start() and text[match.start() - 1].isalnum() else value, unit)
        )
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _NUMBER_WORDS and word not in ("one", "once", "hundred", "thousand", "million", "billion"):
            found.append(Quantity(_NUMBER_WORDS[word]))
    return found


def _unit(word: str) -> str:
    named = _UNITS.get(word, word)
    if "/" in named:
        return "/".join(_UNITS.get(part, part) for part in named.split("/"))
    return named if named in UNIT_NAMES else ""


def dates(text: str) -> set[str]:
    """Dates as `YYYY-MM-DD` with `?` for what is not said. Ambiguous `03/04/2026` is kept as it is written."""
    found = set()
    for m in DATE.finditer(text):
        g = m.groups()
        if g[0]:
            found.add(f"{g[0]}-{int(g[1]):02d}-{int(g[2]):02d}")
        elif g[3]:
            found.add(f"{g[5] or '?'}-{_MONTHS[g[4].lower()]:02d}-{int(g[3]):02d}")
        elif g[6]:
            found.add(f"{g[8] or '?'}-{_MONTHS[g[6].lower()]:02d}-{int(g[7]):02d}")
        elif g[9]:
            found.add(f"{g[10]}-{_MONTHS[g[9].lower()]:02d}-?")
        else:
            found.add(f"{g[11]}/{g[12]}/{g[13]}")
    return found


def names(text: str) -> set[str]:
    """Surrogates and words written as names: capitals inside a sentence, all capitals, mixed with digits. "
    "Lower-case."""
    found = {match.lower() for match in SURROGATE.findall(text)}
    for match in re.finditer(r"[A-Za-z][\w-]*", SURROGATE.sub(" ", text)):
        word = match.group()
        starts = match.start() == 0 or bool(re.search(r"[.!?:|\n]\s*[\"'(]?$", text[: match.start()]))
        if word.lower() in STOP or len(word) < 2:
            continue
        coded = any(c.isdigit() for c in word) or (word[1:] != word[1:].lower())
        if coded or (word[0].isupper() and not starts):
            found.add(word.lower())
    return found


def polarity(text: str) -> tuple[int, int, int]:
    """(negations, upward words, downward words) of a text: what a contradiction usually turns around."""
    bag = words(text)
    negations = sum(word in NEGATIONS or word.endswith("n't") for word in bag)
    return negations, sum(word in UP for word in bag), sum(word in DOWN for word in bag)
