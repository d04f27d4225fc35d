"""Who saw a person's data: the accounting of disclosures (45 CFR 164.528, GDPR Art. 15(1)(c)) for one surrogate.

A line a record: when, who, for which purpose, what they saw of the person, and the number of the record that
proves it. Every re-identification is in it. What was seen under the surrogate alone (a quotation, a redacted page)
is listed too, as that: whether it must be accounted for is the site's decision, and depends on the purpose.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from appliance.audit.record import Record, decode
from appliance.redaction.surrogates import SURROGATE
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import surrogate_use

EXEMPT = frozenset({"treatment", "payment", "operations"})
"""Purposes that 164.528(a)(1)(i) leaves out of an accounting."""
WHAT = {
    "reidentified": "name shown again",
    "original_viewed": "original opened",
    "searched_by_identity": "found by name",
    "passages_shown": "quoted under the surrogate",
    "answer_given": "named in an answer under the surrogate",
    "page_viewed": "page seen, blacked out",
}
IN_THE_CLEAR = frozenset({"reidentified", "original_viewed", "searched_by_identity"})


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One line. `accountable` is False for what 164.528 exempts: a stated purpose of treatment, payment or
    operations, or data seen without identity."""

    time: str
    person: str
    operator: str
    purpose: str
    what: str
    document: str
    in_the_clear: bool
    accountable: bool
    record: int
    record_id: str


def of(
    raw: Iterable[bytes], keys: KeyRing, database: Database, subjects: Iterable[tuple[str, str]],
    since: str = "", until: str = "~",
) -> list[Disclosure]:  # fmt: skip
    """The disclosures of one person, known as these (domain, surrogate), oldest first. The caller has checked the
    right, and records it (`DisclosuresListed`)."""
    known = list(subjects)
    marks = {surrogate for _, surrogate in known}
    scopes = {f"subject/{domain}/{surrogate}" for domain, surrogate in known}
    versions = _naming(database, known)
    purposes: dict[str, str] = {}
    found = []
    for record, sealed_under in _relevant(raw, keys, purposes):
        if not since <= record.time < until:
            continue
        concerned = bool(scopes & sealed_under) or _names(record, marks, versions)
        if concerned:
            purpose = str(record.public.get("purpose") or purposes.get(str(record.public.get("intent", "")), ""))
            clear = record.kind in IN_THE_CLEAR
            found.append(
                Disclosure(
                    record.time, record.actor, record.operator, purpose, WHAT[record.kind],
                    str(record.public.get("document") or ", ".join(record.public.get("versions", ()))),
                    clear, clear and purpose not in EXEMPT, record.index, record.id,
                )
            )  # fmt: skip
    return found


def _relevant(raw: Iterable[bytes], keys: KeyRing, purposes: dict[str, str]) -> Iterator[tuple[Record, frozenset[str]]]:
    for data in raw:
        bare = decode(data, None)
        if bare.kind == "question_asked":
            purposes[bare.id] = str(bare.public["purpose"])
        if bare.kind in WHAT:
            yield decode(data, keys), bare.scopes


def _names(record: Record, marks: set[str], versions: set[str]) -> bool:
    """Whether a record concerns a person known by one of `marks`, who stands in `versions`."""
    if record.kind in ("page_viewed", "original_viewed"):
        return record.public["version"] in versions
    return bool(marks & set(_marks(record.sealed or {})))


def _marks(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from (match[0] for match in SURROGATE.finditer(value))
    elif isinstance(value, dict):
        for each in value.values():
            yield from _marks(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _marks(each)


def _naming(database: Database, known: list[tuple[str, str]]) -> set[str]:
    use = surrogate_use.c
    found: set[str] = set()
    with database.transaction() as connection:
        for domain, surrogate in known:
            query = select(use.version).where(use.domain == domain, use.surrogate == surrogate)
            found.update(connection.execute(query).scalars())
    return found
