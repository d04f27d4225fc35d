"""The vault: which surrogate stands for which identifier, encrypted, one domain (a collection) at a time.

- What a surrogate stands for is sealed under a key of its own, `subject/<domain>/<surrogate>`: destroying
  that key forgets one person or number and nothing else.
- It is found again by blind indexes of the normal form and, for a person, of each part of the name and of
  its sound (`redaction/blind.py`).
- Namesakes share a surrogate until evidence (a record number, a date of birth) tells them apart.

Who may ask is not known here: only the redaction worker and the question guard hold a vault.
"""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select, update

from appliance.errors import NotFound
from appliance.redaction.blind import (
    BlindIndex,
    blind_scope,
    identity_term,
    part_terms,
    search_terms,
    sound_terms,
)
from appliance.redaction.persons import NameForm, name_form
from appliance.redaction.phonetics import nysiis
from appliance.redaction.surrogates import PERSON, Hints, Mention, new_surrogate, normal_form
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import surrogate as surrogates

_CONTEXT = b"surrogate"
_PAD_BYTES = 64
_MOST_READ = 500
"""Candidates of one lookup that are unsealed to compare their names: bounds the cost of a common surname."""


class Vault:
    """The vault of one home. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys
        self._lock = threading.Lock()

    def domain(self, domain: str) -> "DomainVault":
        """The `SurrogateSource` of one domain."""
        return DomainVault(self, domain)

    def surrogate_for(self, domain: str, type_: str, original: str, *, hints: Hints = ()) -> str:
        """The surrogate of one identifier, made if there is none; see `allocate`."""
        return self.allocate(domain, [Mention(type_, original, hints)])[0]

    def allocate(self, domain: str, mentions: Sequence[Mention]) -> list[str]:
        """The surrogate of each mention in `domain`, all of them durable on return.

        Raises Unavailable when database or key ring cannot be written; then none is left behind.
        """
        wanted = list(dict.fromkeys(mentions))
        known: dict[Mention, str] = {}
        with self._database.transaction() as connection:
            index = BlindIndex(self._keys, domain, connection)
            for mention in wanted:
                if not mention.hints and (found := self._known(connection, index, domain, mention)):
                    known[mention] = found
        missing = [mention for mention in wanted if mention not in known]
        if missing:
            with self._lock, self._database.exclusive() as connection:
                index = BlindIndex(self._keys, domain, connection)
                for mention in missing:
                    known[mention] = self._find_or_make(connection, index, domain, mention)
                self._seal(connection, domain, {known[mention]: mention for mention in reversed(missing)})
        return [known[mention] for mention in mentions]

    def lookup(self, domain: str, type_: str, value: str) -> tuple[str, ...]:
        """Every surrogate of `domain` that `value`, as somebody typed it, may mean; best first, may be none.

        For a person: the same name in any order, then names of which one is short for the other, and only
        where there is neither, names that sound the same. More than one: it may be several people.
        """
        with self._database.transaction() as connection:
            index = BlindIndex(self._keys, domain, connection)
            exact = index.find([identity_term(type_, normal_form(type_, value))])
            if type_ != PERSON:
                return exact
            form = name_form(value)
            alike = self._accepted(connection, domain, index.find(part_terms(form)), lambda o: _compatible(form, o))
            if not exact and not alike:
                heard = index.find(sound_terms(form))
                alike = self._accepted(connection, domain, heard, lambda other: _sounds_like(form, other))
        return tuple(dict.fromkeys((*exact, *alike)))

    def reveal(self, domain: str, surrogate: str) -> str:
        """What a surrogate stands for. The caller has checked the right, and records it.

        Raises NotFound when there is no such surrogate or it was erased, IntegrityFailure when the stored
        bytes do not match their key.
        """
        query = select(surrogates.c.sealed).where(surrogates.c.domain == domain, surrogates.c.surrogate == surrogate)
        with self._database.transaction() as connection:
            sealed = connection.execute(query).scalar()
        if sealed is None:
            raise NotFound("no such surrogate, or it was erased")
        return self._unseal(domain, surrogate, sealed)

    def erase(self, domain: str, surrogate: str) -> bool:
        """Forget for good what a surrogate stands for: its key first, then mapping and index.

        True when there was something to forget. Can be repeated after a crash.
        """
        destroyed = self._keys.destroy(_scope(domain, surrogate))
        with self._lock, self._database.exclusive() as connection:
            BlindIndex(self._keys, domain, connection).forget(surrogate)
            row = (surrogates.c.domain == domain) & (surrogates.c.surrogate == surrogate)
            removed = connection.execute(delete(surrogates).where(row)).rowcount
        return destroyed or removed > 0

    def erase_domain(self, domain: str) -> int:
        """Forget every surrogate of a domain, and its index key. How many there were."""
        with self._database.transaction() as connection:
            query = select(surrogates.c.surrogate).where(surrogates.c.domain == domain)
            found = list(connection.execute(query).scalars())
        for surrogate in found:
            self.erase(domain, surrogate)
        self._keys.destroy(blind_scope(domain))
        return len(found)

    def _known(self, connection: Connection, index: BlindIndex, domain: str, mention: Mention) -> str | None:
        identity = index.blind(identity_term(mention.type, normal_form(mention.type, mention.original)))
        query = select(surrogates.c.surrogate).where(surrogates.c.domain == domain, surrogates.c.identity == identity)
        return connection.execute(query).scalar()

    def _find_or_make(self, connection: Connection, index: BlindIndex, domain: str, mention: Mention) -> str:
        first = self._known(connection, index, domain, mention)
        if not mention.hints:
            return first or self._make(connection, index, domain, mention, apart=False)
        term = identity_term(mention.type, normal_form(mention.type, mention.original))
        found = next((other for other in index.find([term]) if index.agrees(other, mention.hints)), None)
        if found is None and first is not None and not index.contradicts(first, mention.hints):
            found = first
        if found is None:
            found = self._make(connection, index, domain, mention, apart=first is not None)
        index.file_hints(found, mention.hints)
        return found

    def _make(self, connection: Connection, index: BlindIndex, domain: str, mention: Mention, *, apart: bool) -> str:
        """A row whose original is not sealed yet. `apart`: a namesake of one that is there."""
        taken = select(surrogates.c.surrogate).where(surrogates.c.domain == domain)
        made = new_surrogate(mention.type)
        while connection.execute(taken.where(surrogates.c.surrogate == made)).first():
            made = new_surrogate(mention.type)
        identity = identity_term(mention.type, normal_form(mention.type, mention.original))
        row = {
            "domain": domain,
            "surrogate": made,
            "type": mention.type,
            "subject": made,
            "sealed": b"",
            "created": datetime.now(UTC).isoformat(timespec="microseconds"),
            "identity": index.blind(f"{identity}\0apart\0{made}" if apart else identity),
        }
        connection.execute(insert(surrogates).values(row))
        index.file(made, search_terms(mention.type, mention.original))
        return made

    def _seal(self, connection: Connection, domain: str, mentions: dict[str, Mention]) -> None:
        """Seal the originals of the rows just made; rows that were there keep theirs."""
        query = select(surrogates.c.surrogate).where(surrogates.c.domain == domain, surrogates.c.sealed == b"")
        new = [surrogate for surrogate in connection.execute(query).scalars() if surrogate in mentions]
        self._keys.ensure(_scope(domain, surrogate) for surrogate in new)
        for surrogate in new:
            sealed = self._keys.seal(_scope(domain, surrogate), _padded(mentions[surrogate].original), _CONTEXT)
            row = (surrogates.c.domain == domain) & (surrogates.c.surrogate == surrogate)
            connection.execute(update(surrogates).where(row).values(sealed=sealed))

    def _unseal(self, domain: str, surrogate: str, sealed: bytes) -> str:
        original: str = json.loads(self._keys.unseal(_scope(domain, surrogate), sealed, _CONTEXT))
        return original

    def _accepted(
        self, connection: Connection, domain: str, found: Iterable[str], accept: Callable[[NameForm], bool]
    ) -> list[str]:
        """Those of `found` whose name, unsealed in memory only, is accepted."""
        candidates = list(found)[:_MOST_READ]
        query = select(surrogates.c.surrogate, surrogates.c.sealed).where(
            surrogates.c.domain == domain, surrogates.c.surrogate.in_(candidates)
        )
        sealed = {row.surrogate: row.sealed for row in connection.execute(query)}
        accepted = []
        for surrogate in candidates:
            try:
                form = name_form(self._unseal(domain, surrogate, sealed[surrogate]))
            except (NotFound, KeyError):
                continue  # being erased at this moment
            if accept(form):
                accepted.append(surrogate)
        return accepted


class DomainVault:
    """The vault seen from one domain: a `SurrogateSource`."""

    def __init__(self, vault: Vault, domain: str) -> None:
        self._vault = vault
        self._domain = domain

    def allocate(self, mentions: Sequence[Mention]) -> list[str]:
        """See `Vault.allocate`."""
        return self._vault.allocate(self._domain, mentions)


def _scope(domain: str, surrogate: str) -> str:
    return f"subject/{domain}/{surrogate}"


def _padded(original: str) -> bytes:
    """JSON of the original, filled up so that the sealed length does not tell how long a name is."""
    text = json.dumps(original).encode()
    return text + b" " * (-len(text) % _PAD_BYTES)


def _compatible(typed: NameForm, other: NameForm) -> bool:
    """Whether both can be one person's name: one is short for the other, in any order of its parts."""
    short, long = sorted((typed, other), key=lambda form: len(form.parts))
    left = list(long.parts)
    for part in sorted(short.parts, key=len, reverse=True):
        match = next((p for p in left if p == part or part == p[:1] or (len(p) == 1 and part.startswith(p))), None)
        if match is None:
            return False
        left.remove(match)
    return bool(set(short.words) & set(long.words))


def _sounds_like(typed: NameForm, other: NameForm) -> bool:
    short, long = sorted(({nysiis(part) for part in form.words} for form in (typed, other)), key=len)
    return bool(short) and short <= long
