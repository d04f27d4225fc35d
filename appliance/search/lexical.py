"""Lexical search: terms of a text, their keyed ids, and BM25 weights that hidden documents cannot move.

A document's weights depend on that document alone: the average length in BM25 is a constant, not measured.
A question's weights are inverse document frequencies over the chunks that the asker may read, and no others
(invariant I3). The index stores plain sparse vectors; their dot product is the BM25 score.

BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with the idf of
Lucene, ln(1 + (N - n + 0.5) / (n + 0.5)). Stemmer: Porter 2 (Snowball).
"""

import hmac
import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, func, select

from appliance.access.grants import ReadableScope
from appliance.storage import tables
from appliance.storage.keys import KeyRing

KEY_SCOPE = "index/terms"
K1 = 1.2
B = 0.75
AVERAGE_TERMS = 100
"""Stands in for the average length of a chunk, in terms."""

_SURROGATE = re.compile(r"\[([A-Z][A-Z_]*)(?::([A-Za-z0-9]+))?\]")
_TOKEN = re.compile(r"[^\W_]+(?:[-./:@#_,+'’][^\W_]+)*", re.UNICODE)
_PART = re.compile(r"[^\W_]+", re.UNICODE)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_STOP_WORDS = (
    "a about above after again against all am an and any are as at be because been before being below between both "
    "but by can could did do does doing down during each few for from further had has have having he her here hers "
    "him his how i if in into is it its itself just me more most my no nor not of off on once only or other our ours "
    "out over own s same she should so some such t than that the their theirs them then there these they this those "
    "through to too under until up very was we were what when where which while who whom why will with would you "
    "your yours"
)
_STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: ascending 32-bit term ids and their weights."""

    indices: tuple[int, ...]
    values: tuple[float, ...]

    def dot(self, other: "Sparse") -> float:
        """Sum of the products of weights at shared ids, exactly rounded, so in whatever order they are added."""
        mine = dict(zip(self.indices, self.values, strict=True))
        return math.fsum(mine[i] * value for i, value in zip(other.indices, other.values, strict=True) if i in mine)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known of the readable chunks: how many there are, and how many hold each term."""

    chunks: int
    with_term: Mapping[int, int]

    def idf(self, term: int) -> float:
        """Inverse document frequency, above 0."""
        n = min(self.with_term.get(term, 0), self.chunks)
        return math.log(1 + (self.chunks - n + 0.5) / (n + 0.5))


def terms(text: str) -> list[str]:
    """The terms of `text` in order: stems of words; numbers, codes and surrogates whole as well.

    `12,500` is `12500`; `CR-1182` is `cr-1182`, `cr` and `1182`; a surrogate is `person:k7f2m4qa`. A
    surrogate without a key (`[PERSON]`) is no term.
    """
    found: list[str] = []
    position = 0
    for match in _SURROGATE.finditer(text):
        found += _plain_terms(text[position : match.start()])
        if match[2]:
            found.append(f"{match[1]}:{match[2]}".lower())
        position = match.end()
    return found + _plain_terms(text[position:])


def exact_term(text: str) -> str:
    """The term that a surrogate or code is indexed under: `[PERSON:k7f2m4qa]` as `person:k7f2m4qa`."""
    match = _SURROGATE.fullmatch(text)
    return f"{match[1]}:{match[2]}".lower() if match and match[2] else text.casefold()


def is_exact(term: str) -> bool:
    """Whether a term is a number, a code or a surrogate, which means only itself."""
    return ":" in term or any(character.isdigit() for character in term)


def _plain_terms(text: str) -> list[str]:
    found: list[str] = []
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if _GROUPED.fullmatch(token):
            found.append(token.replace(",", ""))
            continue
        parts = _PART.findall(token)
        if len(parts) > 1 and any(character.isdigit() for character in token):
            found.append(token)
            if all(part.isdigit() for part in parts):
                continue
        found += [_stem(part) for part in parts if part not in _STOP]
    return found


_stemming = threading.local()


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    import snowballstemmer

    if any(character.isdigit() for character in word):
        return word
    if not hasattr(_stemming, "stemmer"):
        _stemming.stemmer = snowballstemmer.stemmer("english")
    return str(_stemming.stemmer.stemWord(word))


class Lexicon:
    """Turns text into sparse vectors. Term ids are keyed, so that the index is no dictionary of the texts."""

    def __init__(self, keys: KeyRing) -> None:
        self._key = keys.key(KEY_SCOPE)
        self._id = lru_cache(maxsize=500_000)(self._compute_id)

    def document(self, text: str) -> Sparse:
        """BM25 weights of a chunk's terms."""
        counts = self.count(terms(text))
        norm = K1 * (1 - B + B * sum(counts.values()) / AVERAGE_TERMS)
        return Sparse(tuple(counts), tuple(n * (K1 + 1) / (n + norm) for n in counts.values()))

    def question(
        self, words: Iterable[str], statistics: Statistics, damping: Mapping[int, float] | None = None
    ) -> Sparse:
        """Weights of a question's terms: idf among the readable chunks, times how often it is said, and times
        `damping`, by id, for terms that it does not say itself."""
        counts, less = self.count(words), damping or {}
        return Sparse(
            tuple(counts), tuple(n * statistics.idf(term) * less.get(term, 1.0) for term, n in counts.items())
        )

    def ids(self, words: Iterable[str]) -> list[int]:
        """The id of each term, in order."""
        return [self._id(word) for word in words]

    def count(self, words: Iterable[str]) -> dict[int, int]:
        """How often each term id occurs, by ascending id."""
        return dict(sorted(Counter(self.ids(words)).items()))

    def _compute_id(self, term: str) -> int:
        return int.from_bytes(hmac.digest(self._key, term.encode("utf-8", "surrogatepass"), "sha256")[:4], "big")


def readable_statistics(connection: Connection, scope: ReadableScope, term_ids: Iterable[int]) -> Statistics:
    """Counts over published chunks under the labels of `scope`; other labels are not looked at."""
    labels, counts = tables.label_statistics, tables.term_statistics
    readable = sorted(scope.labels)
    total = connection.execute(
        select(func.coalesce(func.sum(labels.c.chunks), 0)).where(labels.c.label.in_(readable))
    ).scalar_one()
    rows = connection.execute(
        select(counts.c.term, func.sum(counts.c.chunks))
        .where(counts.c.label.in_(readable), counts.c.term.in_(sorted(term_ids)))
        .group_by(counts.c.term)
    )
    return Statistics(int(total), {row[0]: int(row[1]) for row in rows})
