"""Delete a document, or a whole collection, for good. Its time depends on the document, not on the collection.

1. Record the intent, then hide it: no search finds it from here on. One transaction; refused where a hold is on it.
2. Take its points from the index and its chunks from the store.
3. Destroy the keys of its versions and originals, remove their files.
4. Forget the people and numbers that stood in no other document of the collection.
5. Record the tombstone, then remove the rows.

A kill in between leaves a hidden document, which `complete` takes up again. What is deleted cannot be restored
but from a backup.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from appliance.answering.conversations import Conversations
from appliance.audit.events import CollectionDeleted, DocumentErased, DocumentRetired
from appliance.audit.log import AuditLog
from appliance.documents import holds
from appliance.documents.catalog import Catalog, Version
from appliance.documents.deletion import Check, key_scopes
from appliance.documents.originals import Originals
from appliance.documents.pages import PageImages
from appliance.redaction import uses
from appliance.redaction.vault import Vault
from appliance.search.index import Index
from appliance.search.store import ChunkStore
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.upkeep import erasures

BATCH = 64
"""Documents of a collection that go together."""


@dataclass(frozen=True)
class Holdings:
    """Where a document has left something."""

    log: AuditLog
    database: Database
    keys: KeyRing
    catalog: Catalog
    originals: Originals
    pages: PageImages
    vault: Vault
    store: ChunkStore
    index: Index
    home: Path = Path()
    """Where the list of erasures is kept; none is, where this is not set."""
    draw: Callable[[Version], None] = lambda version: None
    """Draws the pages of a version that stays, before its original goes."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went: document ids, how many versions and keys, seconds."""

    documents: tuple[str, ...]
    versions: int
    keys_destroyed: int
    seconds: float


def delete_document(
    held: Holdings, document: str, *, actor: str, reason: str = "deleted", check: Check | None = None
) -> Deleted:
    """Delete one document with all its versions. When this returns it is gone.

    Raises NotFound when there is none, AuditUnavailable when it cannot be recorded (then nothing happened), and
    what `check` raises: it is asked inside the transaction that hides the document, so that a hold placed
    before is never overtaken.
    """
    return delete_documents(held, [document], actor=actor, reason=reason, check=check)


def delete_documents(
    held: Holdings, documents: Sequence[str], *, actor: str, reason: str = "deleted", check: Check | None = None
) -> Deleted:
    """Delete documents of one collection, hidden together. See `delete_document`."""
    started = time.perf_counter()
    if not documents:
        return Deleted((), 0, 0, 0.0)
    collection = held.catalog.deletions.collection_of(documents[0])

    def record(document: str, versions: list[str]) -> None:
        retired = DocumentRetired(document=document, version=versions[-1] if versions else "", reason=reason)
        held.log.append(retired, actor=actor)

    begun = held.catalog.deletions.begin(
        documents, on_retire=held.store.retire_statistics, check=_unless_held(check), record=record
    )
    destroyed = _remove(held, collection, begun, actor, reason)
    versions = sum(len(each) for each in begun.values())
    return Deleted(tuple(begun), versions, destroyed, round(time.perf_counter() - started, 3))


def delete_collection(
    held: Holdings, collection: str, *, actor: str, reason: str = "deleted", check: Check | None = None
) -> Deleted:
    """Delete a collection (id or name) with every document, also those that are being ingested meanwhile.

    Raises NotFound, and what `delete_document` raises.
    """
    started = time.perf_counter()
    found = held.catalog.collection(collection)
    documents: list[str] = []
    versions = destroyed = 0
    while True:
        if some := held.catalog.deletions.some_of(found.id, BATCH):
            part = delete_documents(held, some, actor=actor, reason=reason, check=check)
            documents += part.documents
            versions, destroyed = versions + part.versions, destroyed + part.keys_destroyed
        elif held.catalog.deletions.drop_collection(found.id):
            break
    destroyed += held.vault.erase_domain(found.id)
    destroyed += held.keys.destroy_all([f"collection/{found.id}"])
    held.log.append(CollectionDeleted(collection=found.id, documents=len(documents), reason=reason), actor=actor)
    return Deleted(tuple(documents), versions, destroyed, round(time.perf_counter() - started, 3))


def complete(held: Holdings) -> int:
    """Finish deletions that were cut off. How many documents."""
    begun = held.catalog.deletions.begun()
    by_collection: dict[str, dict[str, list[str]]] = {}
    for document, versions in begun.items():
        by_collection.setdefault(held.catalog.deletions.collection_of(document), {})[document] = versions
    for collection, documents in by_collection.items():
        _remove(held, collection, documents, "system", "deletion completed")
    return len(begun)


def _remove(held: Holdings, collection: str, begun: dict[str, list[str]], actor: str, reason: str) -> int:
    """Steps 2 to 5, each of which may be run again. How many keys were destroyed."""
    versions = [each for versions in begun.values() for each in versions]
    know_uses(held, collection)
    for each in versions:
        held.index.delete(each)
        held.store.delete(each)
    held.index.flush()
    destroyed = held.keys.destroy_all(key_scopes(versions))
    for each in versions:
        held.originals.delete(each)
        held.pages.delete(each)
    Conversations(held.database, held.keys).forget_versions(versions)
    destroyed += held.vault.release(collection, versions)
    for document, its in begun.items():
        held.log.append(
            DocumentErased(document=document, versions=its, reason=reason, keys_destroyed=destroyed), actor=actor
        )
    held.catalog.deletions.finish(list(begun))
    if held.home != Path():
        erasures.follow(held.home, held.log)
    return destroyed


def _unless_held(check: Check | None) -> Check:
    """Legal holds are asked for whatever the caller checks: no deletion goes past them (I9)."""

    def both(connection: Connection, document: str) -> None:
        holds.forbid(connection, document)
        if check:
            check(connection, document)

    return both


def know_uses(held: Holdings, collection: str) -> None:
    """Note the surrogates of versions that were made before their uses were kept, from their redacted text."""
    with held.database.transaction() as connection:
        unknown = uses.unknown(connection, collection)
    for each in unknown:
        chunks = held.store.of_version(each)
        texts = [part for chunk in chunks for part in (chunk.text, chunk.title, *chunk.section)]
        with held.database.exclusive() as connection:
            uses.replace(connection, collection, each, uses.in_texts(texts))
