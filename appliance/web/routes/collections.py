"""What is in a collection, and adding to it."""

import queue
import threading
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from appliance import ingest as documents
from appliance.assembly.operations import outcome_json
from appliance.errors import ApplianceError
from appliance.web import bodies
from appliance.web.dependencies import InCollection, TheAppliance, TheStreams, ToCollection

router = APIRouter(prefix="/api/collections/{collection}")


@router.get("/documents")
def listing(scope: InCollection, appliance: TheAppliance) -> dict[str, Any]:
    """The published documents of a collection that the person may read, titles redacted."""
    return {
        "documents": [
            {"document": d.document, "version": d.id, "title": d.title, "kind": d.kind, "pages": d.pages,
             "published": d.published, "entities": d.entities}
            for d in appliance.catalog.documents(scope.collections, scope.labels)
            if d.status == "published"
        ]
    }  # fmt: skip


async def content_of(request: Request, grant: ToCollection, appliance: TheAppliance) -> bytes:
    """The uploaded file; nobody but who may add to the collection gets this far."""
    return await bodies.read(request, appliance.settings.max_document_bytes, "Split the file")


@router.post("/documents")
def upload(
    grant: ToCollection,
    content: Annotated[bytes, Depends(content_of)],
    appliance: TheAppliance,
    streams: TheStreams,
    x_file_name: Annotated[str, Header(max_length=2000)] = "document",
    x_file_place: Annotated[str, Header(max_length=6000)] = "",
) -> StreamingResponse:
    """Take one file in, the request's body; its stages are streamed, then its outcome. The name comes
    percent-encoded in a header, since addresses end up in logs; so does its place, for a file of a folder. A reader
    who goes away stops nothing."""
    name = unquote(x_file_name, errors="replace")
    place = unquote(x_file_place, errors="replace")

    def events(cancel: threading.Event) -> Iterator[dict[str, Any]]:
        told: queue.SimpleQueue[dict[str, Any] | ApplianceError | None] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome = documents.ingest(
                    appliance.ingesting, grant, content, name, place=place,
                    progress=lambda stage: told.put({"stage": stage}),
                )
                told.put(outcome_json(outcome))
            except ApplianceError as error:
                told.put(error)
            finally:
                told.put(None)

        worker = threading.Thread(target=run, name="upload")
        worker.start()
        while (news := told.get()) is not None:
            if isinstance(news, ApplianceError):
                raise news
            yield news
        worker.join()

    return streams.stream(events)
