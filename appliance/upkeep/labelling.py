"""Tell a document apart: another access label for it alone, recorded first, in force for the next question.

1. One transaction: the record, the new label on all its versions, the counts of terms under it (`documents.labelling`).
2. The points in the index bear the new label; until they do, search does not see the document.

A kill between the two is made good by `complete`, at the next start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from appliance.access.scope import Access
from appliance.audit.events import DocumentLabelled
from appliance.audit.log import AuditLog
from appliance.documents.catalog import Catalog
from appliance.search.index import Index
from appliance.search.store import ChunkStore


@dataclass(frozen=True, slots=True)
class Rooms:
    """What knows a document's label."""

    access: Access
    log: AuditLog
    catalog: Catalog
    store: ChunkStore
    index: Callable[[], Index]
    """Opened only when something changed."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A document's label now, its attributes, and the versions that had another one before."""

    document: str
    label: str
    attributes: dict[str, Any]
    versions: tuple[str, ...]


def label_document(
    rooms: Rooms, document: str, changes: dict[str, object], *, actor: str, operator: str = ""
) -> Labelled:
    """Change what is said of one document: `classification`, `compartments`, `need_to_know`, `consent_withdrawn`,
    `legal_hold`; what is not named stays. Raises NotFound, UsageError, and AuditUnavailable when it cannot be recorded:
    then nothing happened."""
    said: dict[str, Any] = {}

    def to(before: str) -> tuple[str, dict[str, Any]]:
        digest, attributes = rooms.access.labelled(before, changes)
        said.update(attributes)
        return digest, attributes

    def record(before: str, digest: str, attributes: dict[str, Any], versions: list[str]) -> None:
        event = DocumentLabelled(
            document=document, versions=versions, label=digest, replaces=before, attributes=attributes
        )
        rooms.log.append(event, actor=actor, operator=operator)

    digest, changed = rooms.catalog.labelling.change(
        document, to, record,
        on_publish=rooms.store.publish_statistics, on_retire=rooms.store.retire_statistics,
    )  # fmt: skip
    if changed:
        complete(rooms.catalog, rooms.index())
    return Labelled(document, digest, said, tuple(changed))


def complete(catalog: Catalog, index: Index) -> int:
    """Let the points of versions whose label changed bear it. How many versions."""
    waiting = catalog.labelling.waiting()
    for version, label in waiting.items():
        index.relabel(version, label)
    if waiting:
        index.flush()
    for version, label in waiting.items():
        catalog.labelling.settle(version, label)
    return len(waiting)
