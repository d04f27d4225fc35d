"""Names of persons in a form that can be compared, and which of a document's names mean one person.

Case, diacritics, titles, credentials, possessives, `Surname, First`, hyphens, line breaks and characters
that nobody sees do not change a form. Forms hold parts of names: they stay in memory.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_LETTERS = {
    "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h",
}  # fmt: skip
_APOSTROPHES = dict.fromkeys("\u2019\u2018\u02bc\u0060\u00b4", "'")
_HYPHENS = dict.fromkeys("\u2010\u2011\u2012\u2013", "-")
_ASCII = str.maketrans(_LETTERS | _APOSTROPHES | _HYPHENS)
_POSSESSIVE = re.compile(r"'s\b|(?<=s)'(?=\s|$)")
_HYPHENATED = re.compile(r"(?<=\w)-\s*[\r\n]+\s*(?=\w)")
_PART = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_TITLES = """
    mr mrs ms miss mx dr doctor prof professor rev reverend father sir dame lord lady judge justice hon mme mlle
    capt captain lt lieutenant sgt sergeant col colonel maj major gen general cpl pvt nurse sister brother master
    sr sra srta senor senora senorita don dona herr frau monsieur madame mademoiselle signor signora pt patient
"""
_CREDENTIALS = """
    md phd dds dvm do rn bsn msn np pa pac jd esq jr sr ii iii iv mbbs facs facp frcp frcs mba cpa qc kc obe cbe mbe
"""
TITLES = frozenset(_TITLES.split())
CREDENTIALS = frozenset(_CREDENTIALS.split())


@dataclass(frozen=True, slots=True)
class NameForm:
    """A name's parts in the order given name .. surname, lower case; single letters are initials."""

    parts: tuple[str, ...] = field(repr=False)

    @property
    def words(self) -> tuple[str, ...]:
        """The parts that are more than an initial."""
        return tuple(part for part in self.parts if len(part) > 1)

    @property
    def key(self) -> str:
        """One string for one normal form."""
        return " ".join(self.parts)

    def may_be(self, longer: "NameForm") -> bool:
        """Whether this form can be short for `longer`: each part is one of its parts, in order, or the
        initial of one; the last word, a surname, has to stand in full."""
        position = 0
        for part in self.parts:
            while position < len(longer.parts) and not _stands_for(part, longer.parts[position]):
                position += 1
            if position == len(longer.parts):
                return False
            position += 1
        return bool(self.words)


def _stands_for(part: str, full: str) -> bool:
    return part == full or (len(part) == 1 and full.startswith(part))


def plain(text: str) -> str:
    """`text` in lower case, compatibility-normalised, without diacritics and invisible characters."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold().translate(_ASCII)
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def name_form(text: str) -> NameForm:
    """The normal form of a person's name as written; no parts when there is no letter in it."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    pieces = [piece for piece in visible.split(",") if _words(piece, keep_titles=True)]
    names = [words for piece in pieces if (words := _words(piece))]
    if not names:
        return NameForm(tuple(_words(visible, keep_titles=True)))
    if len(names) > 1:
        return NameForm(tuple(part for words in (*names[1:], names[0]) for part in words))
    return NameForm(tuple(_surname_last(visible, names[0])))


def _words(text: str, *, keep_titles: bool = False) -> list[str]:
    text = _POSSESSIVE.sub("", _HYPHENATED.sub("", plain(text)))
    words = [word.replace("'", "") for word in _PART.findall(text)]
    if keep_titles:
        return words
    while words and words[0] in TITLES:
        words.pop(0)
    while len(words) > 1 and words[-1] in CREDENTIALS:
        words.pop()
    return [] if len(words) == 1 and words[0] in CREDENTIALS else words


def _surname_last(text: str, words: list[str]) -> list[str]:
    """`OKAFOR Maria`, a surname set in capitals before a given name that is not, is turned round."""
    written = [part for part in _PART.findall(text) if plain(part).replace("'", "") in words]
    capitals = [len(part) > 1 and part.isupper() for part in written]
    if len(written) == len(words) > 1 and capitals[0] and not capitals[-1] and len(written[-1]) > 1:
        first = capitals.index(False)
        return words[first:] + words[:first]
    return words


class DocumentNames:
    """Which of a document's names mean one person: the longest form stands for the short ones that can
    only mean it. A short form that several persons of the document share stays by itself."""

    def __init__(self, names: Iterable[str]) -> None:
        self._written: dict[NameForm, str] = {}
        for name in names:
            form = name_form(name)
            self._written.setdefault(form, name)
        forms = sorted(self._written, key=lambda form: (-len(form.words), -len(form.key), form.key))
        self._person: dict[NameForm, NameForm] = {}
        with_word: dict[str, list[NameForm]] = {}
        for form in forms:
            # A form is only ever short for one with more in it, which has been resolved before it.
            longer = with_word.get(form.words[-1], []) if form.words else []
            persons = {self._person[other] for other in longer if other != form and _shortens(form, other)}
            self._person[form] = persons.pop() if len(persons) == 1 else form
            for word in set(form.words):
                with_word.setdefault(word, []).append(form)

    def full(self, name: str) -> str:
        """The longest name in the document of the person that `name` means, as first written there."""
        form = name_form(name)
        return self._written.get(self._person.get(form, form), name)


def _shortens(form: NameForm, other: NameForm) -> bool:
    if len(form.words) > 1 and form.words[-1] != other.parts[-1]:
        return False
    return form.may_be(other)
