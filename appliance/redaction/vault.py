"""The vault: which surrogate stands for which identifier, encrypted, one domain (a collection) at a time.

- What a surrogate stands for is sealed under a key of its own, `subject/<domain>/<surrogate>`: destroying
  that key forgets one person or number and nothing else.
- It is found again by blind indexes of the normal form and, for a person, of each part of the name and of
  its sound (`redaction/blind.py`).
- Namesakes share a surrogate until evidence (a record number, a date of birth) tells them apart.

Who may ask is not known here: only the redaction worker and the question guard hold a vault.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from appliance.errors import NotFound
from appliance.redaction import uses
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
from appliance.redaction.surrogates import PERSON, Hints, Mention, new_surrogate, normal_form, weeks
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import surrogate as surrogates

_CONTEXT = b"surrogate"
_PAD_BYTES = 64
_MOST_READ = 500
"""Rows of one query; also the candidates of one lookup whose names are unsealed: bounds a common surname's cost."""


class Vault:
    """The vault of one home. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys
        self._lock = threading.Lock()

    def domain(self, domain: str, version: str = "") -> "DomainVault":
        """The `SurrogateSource` of one domain; `version` is the document version whose use of it is kept."""
        return DomainVault(self, domain, version)

    def surrogate_for(self, domain: str, type_: str, original: str, *, hints: Hints = ()) -> str:
        """The surrogate of one identifier, made if there is none; see `allocate`."""
        return self.allocate(domain, [Mention(type_, original, hints)])[0]

    def allocate(self, domain: str, mentions: Sequence[Mention], version: str = "") -> list[str]:
        """The surrogate of each mention in `domain`, all of them durable on return.

        With `version`, its uses are replaced by these in the same transaction, so that nobody can take one for
        an orphan meanwhile. Raises Unavailable when database or key ring cannot be written; then none is left
        behind.
        """
        wanted = list(dict.fromkeys(mentions))
        plain = [mention for mention in wanted if not mention.hints]
        with self._database.transaction() as connection:
            known = self._known(connection, domain, plain)
        if version or len(known) < len(wanted):
            with self._lock, self._database.exclusive() as connection:
                if version:
                    known = self._known(connection, domain, plain)
                for mention in wanted:
                    if mention.hints:
                        known[mention] = self._by_evidence(connection, domain, mention)
                known |= self._known(connection, domain, [mention for mention in plain if mention not in known])
                self._make_missing(connection, domain, [mention for mention in plain if mention not in known], known)
                if version:
                    uses.replace(connection, domain, version, known.values())
        return [known[mention] for mention in mentions]

    def days(self, domain: str, owner: str, texts: Sequence[str]) -> int:
        """By how many days the dates of a person of `domain` move, or those of a document that is about nobody."""
        if owner:
            surrogate = self.surrogate_for(domain, PERSON, owner)
            return weeks(self._keys.mac(subject_scope(domain, surrogate), b"days"))
        whole = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).digest()
        return weeks(self._keys.mac(blind_scope(domain), b"days\0" + whole))

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

    def parts_known(self, domains: Iterable[str], words: Iterable[str], heard: Iterable[str]) -> set[str]:
        """Which of `words` are parts of a name that is known in one of `domains`; of those also in `heard`, by their
        sound too."""
        wanted, by_sound = set(words), set(heard)
        known: set[str] = set()
        with self._database.transaction() as connection:
            for domain in sorted(set(domains)):
                index = BlindIndex(self._keys, domain, connection)
                terms = {word: part_terms(name_form(word)) for word in wanted}
                terms = {word: found + (sound_terms(name_form(word)) if word in by_sound else [])
                         for word, found in terms.items()}  # fmt: skip
                there = index.there(term for each in terms.values() for term in each)
                known |= {word for word, each in terms.items() if not there.isdisjoint(each)}
        return known

    def domains_of(self, surrogate: str, labels: Collection[str]) -> frozenset[str]:
        """The domains in which a surrogate stands in a document under one of these access labels."""
        if not labels:
            return frozenset()
        with self._database.transaction() as connection:
            return uses.domains(connection, surrogate, labels)

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
        destroyed = self._keys.destroy(subject_scope(domain, surrogate))
        with self._lock, self._database.exclusive() as connection:
            BlindIndex(self._keys, domain, connection).forget(surrogate)
            row = (surrogates.c.domain == domain) & (surrogates.c.surrogate == surrogate)
            removed = connection.execute(delete(surrogates).where(row)).rowcount
        return destroyed or removed > 0

    def release(self, domain: str, versions: Sequence[str]) -> int:
        """The versions are going: forget what only they use, keys first. How many keys were destroyed.

        Every other version of the domain has its uses on record. Can be repeated after a crash.
        """
        with self._lock, self._database.exclusive() as connection:
            orphans = uses.orphaned(connection, domain, versions)
            destroyed = self._keys.destroy_all(subject_scope(domain, each) for each in orphans)
            index = BlindIndex(self._keys, domain, connection)
            for part in _parts(orphans):
                index.forget_all(part)
                rows = (surrogates.c.domain == domain) & surrogates.c.surrogate.in_(part)
                connection.execute(delete(surrogates).where(rows))
            uses.drop(connection, versions)
        return destroyed

    def erase_domain(self, domain: str) -> int:
        """Forget every surrogate of a domain, and its index key. How many there were."""
        with self._database.transaction() as connection:
            query = select(surrogates.c.surrogate).where(surrogates.c.domain == domain)
            found = list(connection.execute(query).scalars())
        for surrogate in found:
            self.erase(domain, surrogate)
        self._keys.destroy(blind_scope(domain))
        return len(found)

    def _known(self, connection: Connection, domain: str, mentions: Sequence[Mention]) -> dict[Mention, str]:
        """Those of `mentions` that have a surrogate which evidence need not choose."""
        index = BlindIndex(self._keys, domain, connection)
        identities = {mention: index.blind(_identity(mention)) for mention in mentions}
        found: dict[str, str] = {}
        for part in _parts(sorted(set(identities.values()))):
            query = select(surrogates.c.identity, surrogates.c.surrogate).where(
                surrogates.c.domain == domain, surrogates.c.identity.in_(part)
            )
            found |= {row.identity: row.surrogate for row in connection.execute(query)}
        return {mention: found[blind] for mention, blind in identities.items() if blind in found}

    def _by_evidence(self, connection: Connection, domain: str, mention: Mention) -> str:
        """The namesake that the mention's evidence agrees with, else the one it does not contradict, else a new one."""
        index = BlindIndex(self._keys, domain, connection)
        first = self._known(connection, domain, [mention]).get(mention)
        found = next((each for each in index.find([_identity(mention)]) if index.agrees(each, mention.hints)), None)
        if found is None and first is not None and not index.contradicts(first, mention.hints):
            found = first
        if found is None:
            identity = _identity(mention)
            apart = f"{identity}\0apart\0{mention.hints}" if first is not None else identity
            found = self._make(connection, domain, {index.blind(apart): mention})[mention]
        index.file_hints(found, mention.hints)
        return found

    def _make_missing(
        self, connection: Connection, domain: str, missing: Sequence[Mention], known: dict[Mention, str]
    ) -> None:
        """Make one surrogate for each identity in `missing`, whose mentions may be spelt in several ways."""
        index = BlindIndex(self._keys, domain, connection)
        identities = {mention: index.blind(_identity(mention)) for mention in missing}
        first = {blind: mention for mention, blind in reversed(identities.items())}
        made = self._make(connection, domain, first)
        known |= {mention: made[first[blind]] for mention, blind in identities.items()}

    def _make(self, connection: Connection, domain: str, identities: dict[str, Mention]) -> dict[Mention, str]:
        """New rows, their originals sealed under keys that are durable before they are used."""
        made = self._unused(connection, domain, list(identities.values()))
        self._keys.ensure(subject_scope(domain, surrogate) for surrogate in made.values())
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        rows = [
            {
                "domain": domain,
                "surrogate": made[mention],
                "type": mention.type,
                "subject": made[mention],
                "sealed": self._keys.seal(subject_scope(domain, made[mention]), _padded(mention.original), _CONTEXT),
                "created": now,
                "identity": identity,
            }
            for identity, mention in identities.items()
        ]
        if rows:
            connection.execute(insert(surrogates), rows)
            terms = {made[mention]: search_terms(mention.type, mention.original) for mention in identities.values()}
            BlindIndex(self._keys, domain, connection).file_new(terms)
        return made

    def _unused(self, connection: Connection, domain: str, mentions: Sequence[Mention]) -> dict[Mention, str]:
        """A surrogate for each mention that no other mention of the domain has."""
        made: dict[Mention, str] = {}
        while waiting := [mention for mention in mentions if mention not in made]:
            fresh = {new_surrogate(mention.type): mention for mention in waiting}
            for part in _parts(sorted(fresh)):
                taken = select(surrogates.c.surrogate).where(
                    surrogates.c.domain == domain, surrogates.c.surrogate.in_(part)
                )
                for surrogate in connection.execute(taken).scalars():
                    del fresh[surrogate]
            used = set(made.values())
            made |= {mention: surrogate for surrogate, mention in fresh.items() if surrogate not in used}
        return made

    def _unseal(self, domain: str, surrogate: str, sealed: bytes) -> str:
        original: str = json.loads(self._keys.unseal(subject_scope(domain, surrogate), sealed, _CONTEXT))
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

    def __init__(self, vault: Vault, domain: str, version: str = "") -> None:
        self._vault = vault
        self._domain = domain
        self._version = version

    def allocate(self, mentions: Sequence[Mention]) -> list[str]:
        """See `Vault.allocate`."""
        return self._vault.allocate(self._domain, mentions, self._version)

    def days(self, owner: str, texts: Sequence[str]) -> int:
        """See `SurrogateSource`: from the person's own key, so that it is forgotten with them."""
        return self._vault.days(self._domain, owner, texts)


def subject_scope(domain: str, surrogate: str) -> str:
    """The key ring's scope of what one surrogate stands for, and of the records about it."""
    return f"subject/{domain}/{surrogate}"


def _identity(mention: Mention) -> str:
    return identity_term(mention.type, normal_form(mention.type, mention.original))


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    """`values` in pieces that one query can hold."""
    return (values[start : start + _MOST_READ] for start in range(0, len(values), _MOST_READ))


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
