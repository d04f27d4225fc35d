"""Query expansion: what else the words of a question may be called in the documents.

1. Spelling: a word that neither English nor the readable documents know, one edit from one that they know.
2. Vocabulary: abbreviations, spellings, brand names and everyday words (`vocabulary/*.txt`, ours, readable).
3. Glossary: abbreviations that the readable documents define (`search.glossary`).

Nothing is looked at that the asker may not read, so hidden documents cannot change what a question means (I3).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources

from appliance.answering.answer import Meaning, Question
from appliance.answering.features import is_common
from appliance.answering.words import SURROGATE, WORD, stems
from appliance.search.lexical import terms

Counts = Callable[[Sequence[str]], dict[str, int]]
"""How many readable chunks hold each term."""
Defined = Callable[[Sequence[str]], list[tuple[str, str]]]
"""What the readable documents define of some phrases: (short form, long form)."""

FEWEST_LETTERS = 5
"""Shorter words have too many neighbours to be corrected."""
MOST_LETTERS = 20
"""Longer ones are codes and keys, with millions of neighbours."""
MOST_CORRECTED = 4
"""A text with more unknown words is in another language, or no language."""
MOST_MEANINGS = 12
LONGEST = 6
"""Words of the longest phrase looked up."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def expand(question: Question, counts: Counts, defined: Defined) -> Question:
    """The question with what its words may mean. Its text stays as it was asked."""
    spelt = list(_spelling(question.text, counts))
    text = question.text
    for meaning in spelt:
        text = text.replace(meaning.said, meaning.meant)
    found = [*spelt, *_vocabulary(text), *_glossary(text, defined)]
    meanings = dict.fromkeys(m for m in found if stems(m.said) != stems(m.meant))
    read = tuple(f"“{meaning.said}” was read as “{meaning.meant}”" for meaning in spelt)
    return replace(question, meanings=tuple(meanings)[:MOST_MEANINGS], warnings=(*question.warnings, *read))


def spelt_out(question: Question) -> str:
    """The question with its spelling corrected and its abbreviations explained in brackets, for a model to read."""
    text = question.text
    for meaning in question.meanings:
        if meaning.kind == "spelling":
            text = text.replace(meaning.said, meaning.meant)
    explained = set()
    for meaning in question.meanings:
        shortened = meaning.kind in ("abbreviation", "glossary") and len(meaning.said) < len(meaning.meant)
        if shortened and meaning.said not in explained:
            explained.add(meaning.said)
            text = text.replace(meaning.said, f"{meaning.said} ({meaning.meant})", 1)
    return text


def _spelling(text: str, counts: Counts) -> Iterable[Meaning]:
    doubtful = [
        word
        for word in dict.fromkeys(WORD.findall(SURROGATE.sub(" ", text)))
        if FEWEST_LETTERS <= len(word) <= MOST_LETTERS and word.isascii() and word.isalpha() and not word[1:].isupper()
        and not is_common(word) and not _is_vocabulary(word)
    ]  # fmt: skip
    known = counts([term for word in doubtful for term in terms(word)])
    unknown = [word for word in doubtful if not any(known.get(term) for term in terms(word))]
    for word in unknown if len(unknown) <= MOST_CORRECTED else ():
        near: dict[str, list[str]] = {}
        for candidate in _one_edit(word.lower()):
            for term in terms(candidate):
                near.setdefault(term, []).append(candidate)
        held = counts(list(near))
        best = max(near, key=lambda term: (held.get(term, 0), term), default="")
        if held.get(best):
            yield Meaning(word, _nearest(word.lower(), near[best]), "spelling")


def _one_edit(word: str) -> set[str]:
    """Words one insertion, deletion, substitution or transposition away; the first letter stands."""
    splits = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    found = {a + b[1:] for a, b in splits if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    found |= {a + c + b[1:] for a, b in splits if b for c in _ALPHABET}
    return (found | {a + c + b for a, b in splits for c in _ALPHABET}) - {word}


def _nearest(word: str, candidates: Sequence[str]) -> str:
    """Of spellings with one stem, the one that looks most like what was typed."""
    return min(candidates, key=lambda candidate: (abs(len(candidate) - len(word) - 1), candidate))


def _vocabulary(text: str) -> Iterable[Meaning]:
    entries = _entries()
    for said in _phrases(text):
        for meant, kind, spelling in entries.get(tuple(stems(said)), ()):
            ordinary = kind == "abbreviation" and spelling.isupper() and not said.isupper() and is_common(said)
            if not ordinary:
                yield Meaning(said, meant, kind)


def _glossary(text: str, defined: Defined) -> Iterable[Meaning]:
    phrases = list(_phrases(text))
    asked = {tuple(terms(phrase)): phrase for phrase in reversed(phrases)}
    for short, long in defined(phrases):
        for form, other in ((short, long), (long, short)):
            said = asked.get(tuple(terms(form)))
            if said and not (form == short and not said.isupper() and is_common(said)):
                yield Meaning(said, other, "glossary")


def _phrases(text: str) -> Iterable[str]:
    """Runs of one to `LONGEST` words of a text as written, longest first, that start and end with content."""
    spans = [(*match.span(), bool(stems(match.group()))) for match in WORD.finditer(text)]
    for length in range(min(LONGEST, len(spans)), 0, -1):
        for first, last in zip(spans, spans[length - 1 :], strict=False):
            if first[2] and last[2]:
                yield text[first[0] : last[1]]


@lru_cache(maxsize=1)
def _entries() -> dict[tuple[str, ...], list[tuple[str, str, str]]]:
    """By the stems of what is said: (what is meant, kind, what is said as the list writes it)."""
    found: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
    folder = resources.files("appliance.answering").joinpath("vocabulary")
    for name in ("clinical", "banking", "technical", "general"):
        kind = "synonym"
        for line in folder.joinpath(f"{name}.txt").read_text("utf-8").splitlines():
            if line.startswith("#"):
                kind = "abbreviation" if "abbreviations" in line else "synonym"
                continue
            said, sign, meant = (part.strip() for part in line.partition("=" if " = " in line else ">"))
            pairs = [(said, meant), (meant, said)] if sign == "=" else [(said, meant)]
            for one, other in pairs:
                if key := tuple(stems(one)):
                    found.setdefault(key, []).append((other, kind, one))
    return found


@lru_cache(maxsize=1)
def _vocabulary_stems() -> frozenset[str]:
    return frozenset(stem for said in _entries() for stem in said)


def _is_vocabulary(word: str) -> bool:
    return set(stems(word)) <= _vocabulary_stems()
