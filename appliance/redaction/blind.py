"""Blind indexes: how the vault finds what it cannot read.

A term is the HMAC-SHA-256 (cut to 128 bits) of a normal form under the domain's own key. Whoever has the
database without the key ring sees only that two surrogates share some unknown part; nothing correlates
between two domains.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select

from appliance.redaction.persons import NameForm, name_form
from appliance.redaction.phonetics import nysiis
from appliance.redaction.surrogates import PERSON, Hints, normal_form
from appliance.storage.keys import KeyRing
from appliance.storage.tables import surrogate as surrogates
from appliance.storage.tables import surrogate_index as index

_HEX_DIGITS = 32
_MOST_READ = 500
"""Terms of one query."""


def blind_scope(domain: str) -> str:
    """The key ring's scope of a domain's blind indexes."""
    return f"vault/{domain}/blind"


def identity_term(type_: str, form: str) -> str:
    """What one identifier of a type is known by."""
    return f"is\0{type_}\0{form}"


def part_terms(form: NameForm) -> list[str]:
    """What a name is found by when only some of it is typed."""
    return [f"part\0{part}" for part in form.words]


def sound_terms(form: NameForm) -> list[str]:
    """What a name is found by when it is spelt otherwise."""
    return [f"sound\0{code}" for part in form.words if (code := nysiis(part))]


def search_terms(type_: str, original: str) -> list[str]:
    """Every term under which a new surrogate is filed."""
    terms = [identity_term(type_, normal_form(type_, original))]
    if type_ == PERSON:
        form = name_form(original)
        terms += part_terms(form) + sound_terms(form)
    return terms


class BlindIndex:
    """The index of one domain, inside a transaction of the caller's."""

    def __init__(self, keys: KeyRing, domain: str, connection: Connection) -> None:
        self._keys = keys
        self._domain = domain
        self._connection = connection

    def blind(self, term: str) -> str:
        """The term as stored: 32 hexadecimal digits."""
        return self._keys.mac(blind_scope(self._domain), term.encode("utf-8", "surrogatepass")).hex()[:_HEX_DIGITS]

    def file(self, surrogate: str, terms: Iterable[str]) -> None:
        """File `surrogate` under `terms`; again is no change."""
        blinds = {self.blind(term) for term in terms}
        there = select(index.c.blind).where(
            index.c.domain == self._domain, index.c.surrogate == surrogate, index.c.blind.in_(sorted(blinds))
        )
        new = sorted(blinds - set(self._connection.execute(there).scalars()))
        if new:
            rows = [{"domain": self._domain, "blind": blind, "surrogate": surrogate} for blind in new]
            self._connection.execute(insert(index), rows)

    def file_new(self, terms: Mapping[str, Iterable[str]]) -> None:
        """File surrogates that have no entry yet, each under its terms."""
        rows = [
            {"domain": self._domain, "blind": blind, "surrogate": surrogate}
            for surrogate, each in terms.items()
            for blind in sorted({self.blind(term) for term in each})
        ]
        if rows:
            self._connection.execute(insert(index), rows)

    def find(self, terms: Iterable[str]) -> tuple[str, ...]:
        """Surrogates filed under any of `terms`: those under most of them first, then in order of making."""
        query = (
            select(index.c.surrogate)
            .join(surrogates, (surrogates.c.domain == index.c.domain) & (surrogates.c.surrogate == index.c.surrogate))
            .where(index.c.domain == self._domain, index.c.blind.in_(sorted({self.blind(term) for term in terms})))
            .order_by(surrogates.c.created, index.c.surrogate)
        )
        hits: dict[str, int] = {}
        for surrogate in self._connection.execute(query).scalars():
            hits[surrogate] = hits.get(surrogate, 0) + 1
        return tuple(sorted(hits, key=lambda found: -hits[found]))

    def there(self, terms: Iterable[str]) -> set[str]:
        """Those of `terms` that something is filed under."""
        blinds = {self.blind(term): term for term in terms}
        known: set[str] = set()
        for start in range(0, len(blinds), _MOST_READ):
            part = sorted(blinds)[start : start + _MOST_READ]
            query = select(index.c.blind).where(index.c.domain == self._domain, index.c.blind.in_(part)).distinct()
            known.update(blinds[blind] for blind in self._connection.execute(query).scalars())
        return known

    def forget(self, surrogate: str) -> None:
        """Remove every entry of `surrogate`."""
        self.forget_all([surrogate])

    def forget_all(self, surrogates: Iterable[str]) -> None:
        """Remove every entry of these surrogates."""
        gone = (index.c.domain == self._domain) & index.c.surrogate.in_(sorted(surrogates))
        self._connection.execute(delete(index).where(gone))

    def file_hints(self, surrogate: str, hints: Hints) -> None:
        """Remember evidence of who a surrogate is."""
        self.file(surrogate, [_kind_term(surrogate, kind) for kind, _ in hints])
        self.file(surrogate, [_hint_term(surrogate, kind, value) for kind, value in hints])

    def agrees(self, surrogate: str, hints: Hints) -> bool:
        """Whether some evidence says that it is the same person."""
        return any(surrogate in self.find([_hint_term(surrogate, kind, value)]) for kind, value in hints)

    def contradicts(self, surrogate: str, hints: Hints) -> bool:
        """Whether evidence of the same kind is known and none of it agrees."""
        known = any(surrogate in self.find([_kind_term(surrogate, kind)]) for kind, _ in hints)
        return known and not self.agrees(surrogate, hints)


def _kind_term(surrogate: str, kind: str) -> str:
    return f"hint kind\0{surrogate}\0{kind}"


def _hint_term(surrogate: str, kind: str, value: str) -> str:
    return f"hint\0{surrogate}\0{kind}\0{normal_form(kind, value)}"
