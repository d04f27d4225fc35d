
"""A name found once is searched in the whole document: by part, initial, possessive, capitals, hyphen and line break.

Cost is one pass over the words of the document with a dictionary of the parts of names.
"""

from collections.abc import Iterable, Iterator

import regex

from appliance.redaction.recognizers.lexicon import words
from appliance.redaction.recognizers.names import clean_name

_WORD = regex.compile(r"[\p{L}\p{M}\d][\p{L}\p{M}\d']*(?:-\n?[\p{L}\p{M}][\p{L}\p{M}']*)*")
_PARTICLES = frozenset(
    "de del della la las los da das dos do di du le van von der den zu ter ten al el bin ibn bint ben abu y e st san jr sr ii iii iv md dr mr mrs ms".split()
)
_CONFUSED = str.maketrans({"0": "o", "1": "l", "|": "l", "5": "s", "8": "b"})
_INITIAL_BEFORE = regex.compile(r"(?<![\p{L}])(?:\p{Lu}(?:\.-?|\. ?|[ ]))(?:\p{Lu}(?:\.-?|\. ?|[ ])){0,2}$")
_INITIAL_AFTER = regex.compile(r"(?:,? \p{Lu}\.?(?!\w)){1,2}")
_JOIN = regex.compile(r"(?:[ ]?,?[ ]|[ ]?\n[ ]?|-)(?:(?:de|del|de la|van|van der|von|al|el|y|da|dos|\p{Lu}\.)[ ])?")


def fold(word: str) -> str:
    """The form under which parts of names are compared: case, possessive and OCR confusions removed."""
    word = word.casefold().replace("-\n", "").removesuffix("'s").strip("'")
    return word if word.isdigit() else word.translate(_CONFUSED)


def parts_of(name: str) -> Iterator[str]:
    """The parts of a name that identify on their own: three letters or more, no particle."""
    for match in _WORD.finditer(name):
        word = match[0]
        pieces = [word, *word.split("-")] if "-" in word else [word]
        for piece in pieces:
            part = fold(piece)
            if len(part) >= 3 and part not in _PARTICLES and not part.isdigit():
                yield part


def mentions(text: str, names: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, float, str]]:
    """(start, end, score, reason) of every further mention in `text` of the names at the given spans.

    A part that is also an ordinary word counts only where it is capitalised; in capitals it counts if the rest of
    its line is not. Parts joined by a space, a comma or a line break become one mention, with initials.
    """
    known: dict[str, bool] = {}
    for start, end in names:
        for part in parts_of(text[start:end]):
            known[part] = known.get(part, False)
    if not known:
        return
    common = words("ambiguous_names")
    lower_seen = _ordinary(text, known)
    run: tuple[int, int] | None = None
    for match in _WORD.finditer(text):
        word = match[0]
        part = fold(word)
        hit = (part in known or ("1" in word and fold(word.replace("1", "i")) in known)) and len(word) >= 3
        if not hit and word[0].isupper() and len(part) > 4 and part.endswith("s"):
            hit = part[:-1] in known  # the Okonkwos
        if not hit and "-" in word:
            hit = any(fold(piece) in known for piece in word.split("-") if len(piece) >= 3)
        if hit and word[0].islower():
            hit = (
                part not in common
                and part not in lower_seen
                and len(part) >= 4
                and (part in words("given_names") or part in words("surnames"))
            )
        if not hit:
            continue
        start, end = match.span()
        if text[start:end].endswith(("'s", "'S")):
            end -= 2
        if (
            run
            and _JOIN.fullmatch(text, run[1], start)
            and fold(word) not in map(fold, _WORD.findall(text[run[0] : run[1]]))
        ):
            run = (run[0], end)
            continue
        if run:
            yield (*_extended(text, *run), 0.6, "mentioned elsewhere in the document")
        run = (start, end)
    if run:
        yield (*_extended(text, *run), 0.6, "mentioned elsewhere in the document")


_INITIALS = regex.compile(r"(?<![\p{L}\d.])(?:\p{Lu}\.[ ]?){2,4}(?![\p{L}])")


def initials(text: str, names: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where the initials alone of a name found elsewhere stand: "M.S." after "Makayla Stroud"."""
    known = set()
    for start, end in names:
        parts = [match[0][0] for match in _WORD.finditer(text, start, end) if match[0][0].isupper()]
        if len(parts) > 1:
            known |= {"".join(parts), parts[0] + parts[-1]}
    for match in _INITIALS.finditer(text) if known else ():
        if "".join(character for character in match[0] if character.isalpha()) in known:
            yield match.start(), match.start() + len(match[0].rstrip())


def codes(text: str, found: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Further places where a code found elsewhere stands: (start, end, type). Codes under five characters are left."""
    known: dict[str, str] = {}
    for start, end, type_ in found:
        value = text[start:end].casefold()
        if sum(character.isalnum() for character in value) >= 5 and any(character.isdigit() for character in value):
            known.setdefault(value, type_)
    if not known:
        return
    listed = "|".join(regex.escape(value) for value in sorted(known, key=len, reverse=True))
    for match in regex.finditer(rf"(?<![\w])(?:{listed})(?![\w])", text, regex.IGNORECASE):
        yield match.start(), match.end(), known[match[0].casefold()]


def _ordinary(text: str, known: dict[str, bool]) -> set[str]:
    """Parts that the document itself writes in lower case more often than capitalised."""
    count: dict[str, int] = {}
    for match in _WORD.finditer(text):
        part = fold(match[0])
        if part in known:
            count[part] = count.get(part, 0) + (1 if match[0][0].islower() else -1)
    return {part for part, balance in count.items() if balance > 0}


def _extended(text: str, start: int, end: int) -> tuple[int, int]:
    before = _INITIAL_BEFORE.search(text, max(0, start - 8), start)
    if before:
        start = before.start()
    after = _INITIAL_AFTER.match(text, end) if text[end : end + 1] in ", " else None
    if after and text[after.end() - 1 : after.end()] == ".":
        end = after.end()
    return clean_name(text, start, end) if end > start else (start, end)
