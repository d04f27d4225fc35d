"""Forgetting, with proof (I9): a document, or a person, is gone, a signed certificate says so, proofs still hold.

1. Legal holds are asked: one that stands beats the erasure, and the refusal is recorded.
2. The tombstone is recorded, which also puts it on the list of erasures (`erasures.py`), beside backups too.
3. Keys, then what they sealed: chunks, vectors, originals, pages, surrogates, sealed parts of the log.
4. Every place is searched for what was erased.
5. A certificate is signed: what went, where was searched, what was found there.

Of a document everything goes. Of a person goes what a surrogate stands for, how it is found, every original that
names them and the sealed parts of records about them; redacted text keeps an empty mark, which means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select

from appliance.audit.events import ErasureRefused, ErasureVerified, PersonErased
from appliance.documents.deletion import key_scopes
from appliance.documents.holds import Held, Holds
from appliance.errors import NotFound
from appliance.evaluation import canaries
from appliance.redaction.surrogates import SURROGATE
from appliance.redaction.wordings import Wordings
from appliance.storage.tables import surrogate_use
from appliance.upkeep import deletion, erasures
from appliance.upkeep.certificate import Certificate, certify
from appliance.upkeep.deletion import Holdings

MARKS = "the redacted text keeps the mark, which no key opens any more"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased, and the certificate that says so. `searched` maps places to what was found there."""

    kind: str
    target: str
    keys_destroyed: int
    searched: dict[str, int]
    certificate: Certificate
    not_reached: tuple[str, ...] = field(default=())
    """Folders of backups that could not be told: restore from there only with the list of this home."""

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not any(self.searched.values())


def erase_document(held: Holdings, document: str, *, actor: str, reason: str) -> Erasure:
    """Erase a document with all its versions. Raises Held, NotFound, and AuditUnavailable before anything is done."""
    versions = held.catalog.deletions.versions_of(document)
    try:
        done = deletion.delete_document(held, document, actor=actor, reason=reason)
    except Held as error:
        held.log.append(ErasureRefused(of="document", target=document, hold=error.hold), actor=actor)
        raise
    searched = _search_document(held, document, versions)
    return _finish(held, "document", document, done.keys_destroyed, searched, actor, reason)


def erase_person(held: Holdings, holds: Holds, domain: str, surrogate: str, *, actor: str, reason: str) -> Erasure:
    """Erase what a surrogate of a collection stands for. Raises Held, or NotFound when it stands for nothing."""
    if not SURROGATE.fullmatch(surrogate):
        raise NotFound("no such surrogate", "Give it as it stands in the text, with its brackets")
    try:
        holds.forbid_person(domain, surrogate)
    except Held as error:
        held.log.append(ErasureRefused(of="person", target=surrogate, hold=error.hold), actor=actor)
        raise
    meant = held.vault.reveal(domain, surrogate)  # in memory, to search for it afterwards
    scope = f"subject/{domain}/{surrogate}"
    versions = _naming(held, domain, surrogate)
    kept = sum(held.originals.kept(version) for version in versions)
    tombstone = PersonErased(subject=scope, reason=reason, versions=versions, keys_destroyed=1 + kept)
    held.log.append(tombstone, actor=actor)
    for version in versions:
        held.draw(held.catalog.version(version))
        held.originals.delete(version)
    held.vault.erase(domain, surrogate)
    Wordings(held.database, held.keys).erase_naming(meant)
    searched = _search_person(held, domain, surrogate, meant, versions)
    return _finish(held, "person", f"{domain}/{surrogate}", 1 + kept, searched, actor, reason)


def _naming(held: Holdings, domain: str, surrogate: str) -> list[str]:
    deletion.know_uses(held, domain)
    use = surrogate_use.c
    query = select(use.version).where(use.domain == domain, use.surrogate == surrogate).order_by(use.version)
    with held.database.transaction() as connection:
        return list(connection.execute(query).scalars())


def _search_document(held: Holdings, document: str, versions: Sequence[str]) -> dict[str, int]:
    stored = held.store.ids()
    return {
        "catalog": len(held.catalog.deletions.versions_of(document)),
        "chunks": sum(len(stored.get(version, ())) for version in versions),
        "index": sum(len(held.index.ids(version)) for version in versions),
        "originals": sum(held.originals.kept(version) for version in versions),
        "page images": sum(len(held.pages.numbers(version)) for version in versions),
        "keys": _keys_left(held, key_scopes(versions)),
        "conversations": erasures.turns_quoting(held.database, versions),
    }


def _search_person(held: Holdings, domain: str, surrogate: str, meant: str, versions: Sequence[str]) -> dict[str, int]:
    kind = surrogate.strip("[]").partition(":")[0]
    leaks, _ = canaries.search([held.home], [meant] if len(meant) >= canaries.SHORTEST else [])
    return {
        "vault": erasures.vault_rows(held.database, domain, surrogate),
        "blind index": surrogate in held.vault.lookup(domain, kind, meant),
        "keys": _keys_left(held, [f"subject/{domain}/{surrogate}"]),
        "wordings of questions": Wordings(held.database, held.keys).count_naming(meant),
        "originals that name them": sum(held.originals.kept(version) for version in versions),
        "every file of the home, in the clear": len(leaks),
    }


def _keys_left(held: Holdings, scopes: Sequence[str]) -> int:
    left = 0
    for scope in scopes:
        try:
            held.keys.existing(scope)
        except NotFound:
            continue
        left += 1
    return left


def _finish(
    held: Holdings, kind: str, target: str, destroyed: int, searched: dict[str, int], actor: str, reason: str
) -> Erasure:
    missed = erasures.follow(held.home, held.log)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    facts = {
        "erased": f"{kind} {target}", "reason": reason, "by": actor, "at": now, "keys destroyed": str(destroyed),
        **{f"searched {place}": f"{int(found)} found" for place, found in searched.items()},
        "log": f"{held.log.size} records, root {held.log.root().hex()}",
        "backups not reached": ", ".join(missed) or "none",
    }  # fmt: skip
    certificate = certify(held.log, "erasure", facts)
    event = ErasureVerified(
        target=target, searched=len(searched), found=sum(map(int, searched.values())), certificate=certificate.digest
    )
    held.log.append(event, actor=actor)
    return Erasure(kind, target, destroyed, {k: int(v) for k, v in searched.items()}, certificate, missed)
