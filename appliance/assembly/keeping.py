"""What is done with documents that are there: operations as in `operations`, of which they are a part."""

from collections.abc import Callable
from typing import Any

from appliance.assembly.acting import Events
from appliance.assembly.parts import Appliance
from appliance.upkeep import deletion


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


OPERATIONS: dict[str, Callable[..., Events]] = {
    "document.delete": document_delete,
    "collection.delete": collection_delete,
}
