"""What is done with documents that are there: operations as in `operations`, of which they are a part."""

from collections.abc import Callable
from typing import Any

from appliance.assembly.acting import Events
from appliance.assembly.parts import Appliance
from appliance.audit.events import SystemScopeUsed
from appliance.upkeep import deletion, storage


def document_delete(appliance: Appliance, operator: str, documents: list[str], reason: str = "deleted") -> Events:
    """Documents with all their versions, gone for good; one event each. Nothing happens when one does not exist."""
    for each in documents:
        appliance.catalog.deletions.collection_of(each)
    done: list[dict[str, Any]] = []
    for position, each in enumerate(documents, 1):
        deleted = deletion.delete_document(appliance.holdings, each, actor=operator, reason=reason)
        done.append({"id": each, "versions": deleted.versions, "keys_destroyed": deleted.keys_destroyed,
                     "seconds": deleted.seconds})  # fmt: skip
        yield {"position": position, "total": len(documents), "deleted": each}
    yield {"documents": done}


def collection_delete(appliance: Appliance, operator: str, collection: str, reason: str = "deleted") -> Events:
    """A collection with everything in it, gone for good."""
    appliance.catalog.collection(collection)
    deleted = deletion.delete_collection(appliance.holdings, collection, actor=operator, reason=reason)
    yield {
        "collection": collection, "documents": len(deleted.documents), "versions": deleted.versions,
        "keys_destroyed": deleted.keys_destroyed, "seconds": deleted.seconds,
    }  # fmt: skip


def storage_check(appliance: Appliance, operator: str, repair: bool = False) -> Events:
    """Whether catalog, chunks, index, page images and originals agree, both ways; with `repair`, made to agree."""
    appliance.log.append(SystemScopeUsed(reason="doctor storage" + " --repair" * repair), actor=operator)
    home, held = appliance.settings.home, appliance.holdings
    repaired: list[storage.Disagreement] = []
    if repair:
        repaired = storage.repair(held, home, lambda: appliance.embedder, appliance.lexicon)
    found = storage.examine(held, home)
    waiting = appliance.catalog.unfinished()
    checks = [
        {"name": each.name, "ok": not each.owners, "detail": f"{len(each.owners)} {each.detail}"} for each in found
    ]
    checks.append(
        {"name": "unfinished documents", "ok": not waiting, "detail": f"{len(waiting)} wait to be taken up"}
    )
    yield {
        "checks": checks,
        "repaired": [{"name": each.name, "count": len(each.owners)} for each in repaired if each.owners],
    }


OPERATIONS: dict[str, Callable[..., Events]] = {
    "document.delete": document_delete,
    "collection.delete": collection_delete,
    "storage.check": storage_check,
}
