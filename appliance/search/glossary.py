"""The glossary of a collection: abbreviations that its documents define, mined at ingestion.

"mean arterial pressure (MAP)", "MAP (mean arterial pressure)" and "MAP: mean arterial pressure" each define one.
Which words before the bracket are the long form: A. Schwartz and M. Hearst, "A Simple Algorithm for Identifying
Abbreviation Definitions in Biomedical Text", Pacific Symposium on Biocomputing 2003.

A definition is kept sealed under the key of its version and found by a keyed id, like a term of the index; a
question reads the definitions of the versions that the asker may read, and no others (invariant I3).
"""

import json
import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, select

from appliance.access.grants import ReadableScope
from appliance.search.chunk import Chunk
from appliance.search.lexical import Lexicon, terms
from appliance.storage import tables
from appliance.storage.keys import KeyRing

Definition = tuple[str, str]
"""The short form and the long form, as written."""
LONGEST_PHRASE = 6
"""Terms of a long form that a question is searched for."""

_BRACKET = re.compile(r"\(([^()\n]{2,80})\)")
_SHORT = re.compile(r"[A-Z0-9][A-Za-z0-9&/.-]{1,9}")
_LISTED = re.compile(
    r"^\s*(?:[-*•]\s+)?([A-Z][A-Za-z0-9&/-]{1,9})\s*(?:[:|=–—]|-(?=\s)|\bmeans\b|\bstands for\b)\s*(.{4,80})$", re.M
)
_WORDS = re.compile(r"\S+")


def definitions(text: str) -> list[Definition]:
    """The abbreviations that `text` defines, each once, in order."""
    found: dict[Definition, None] = {}
    for match in _BRACKET.finditer(text):
        inside, before = match[1].strip(), text[max(0, match.start() - 160) : match.start()].rstrip()
        before = before.rsplit("\n\n", 1)[-1]
        if _is_short(inside):
            words = [word.group() for word in _WORDS.finditer(before)]
            window = min(len(inside) + 5, 2 * len(inside))
            long = long_form(inside, " ".join(words[-window:]))
            if long:
                found[inside, long] = None
        else:
            last = before.rsplit(maxsplit=1)[-1] if before else ""
            long = long_form(last, inside) if _is_short(last) else ""
            if long and len(long) == len(inside.rstrip(" .,;")):
                found[last, long] = None
    for match in _LISTED.finditer(text):
        rest = re.split(r"[.;|(]", match[2])[0].strip()
        if _is_short(match[1]) and long_form(match[1], rest) == rest:
            found[match[1], rest] = None
    return list(found)


def long_form(short: str, candidate: str) -> str:
    """The shortest end of `candidate` whose letters spell `short`, its first letter at the start of a word; or ""."""
    at = len(candidate) - 1
    for position in range(len(short) - 1, -1, -1):
        letter = short[position].lower()
        if not letter.isalnum():
            continue
        while at >= 0 and (
            candidate[at].lower() != letter or (position == 0 and at > 0 and candidate[at - 1].isalnum())
        ):
            at -= 1
        if at < 0:
            return ""
        at -= 1
    start = at + 1
    long = candidate[start:].strip(" ,;:\"'")
    plausible = len(long) > len(short) + 1 and len(long.split()) <= min(len(short) + 5, 2 * len(short))
    return long if plausible and not _SHORT.fullmatch(long) else ""


def _is_short(text: str) -> bool:
    return bool(_SHORT.fullmatch(text)) and sum(character.isupper() for character in text) >= 2


def key_of(phrase: str) -> str:
    """What a short or long form is found by: its terms in one string that no term of a text equals."""
    return "defined " + " ".join(terms(phrase))


def record(connection: Connection, keys: KeyRing, lexicon: Lexicon, version: str, chunks: Iterable[Chunk]) -> None:
    """Keep what the chunks of a version define, replacing what it had."""
    connection.execute(delete(tables.definition).where(tables.definition.c.version == version))
    defined = dict.fromkeys(pair for chunk in chunks if not chunk.flagged for pair in definitions(chunk.text))
    by_id: dict[int, list[Definition]] = {}
    for pair in defined:
        for form in pair:
            by_id.setdefault(lexicon.ids([key_of(form)])[0], []).append(pair)
    rows = [
        {"version": version, "term": term, "sealed": keys.seal(_scope(version), json.dumps(pairs).encode())}
        for term, pairs in by_id.items()
    ]
    if rows:
        connection.execute(tables.definition.insert(), rows)


def lookup(
    connection: Connection,
    keys: KeyRing,
    lexicon: Lexicon,
    phrases: Sequence[str],
    scope: ReadableScope,
    hidden: frozenset[str],
) -> list[Definition]:
    """What the readable, published versions define of `phrases`, the most often defined first."""
    ids = lexicon.ids([key_of(phrase) for phrase in phrases])
    at, version = tables.definition.c, tables.version.c
    query = (
        select(at.version, at.sealed)
        .join(tables.version, version.id == at.version)
        .where(at.term.in_(ids), version.label.in_(sorted(scope.labels)), version.status == "published")
        .order_by(at.version)
        .limit(200)
    )
    count: dict[Definition, int] = {}
    for row in connection.execute(query):
        if row.version not in hidden:
            for short, long in json.loads(keys.unseal(_scope(row.version), row.sealed)):
                count[short, long] = count.get((short, long), 0) + 1
    return sorted(count, key=lambda pair: (-count[pair], pair))


def _scope(version: str) -> str:
    return f"version/{version}"
