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
from appliance.errors import TooLarge
from appliance.web.dependencies import Changing, ForPurpose, SignedIn, TheAppliance
from appliance.web.streaming import stream

router = APIRouter(prefix="/api/collections/{collection}")


@router.get("/documents")
def listing(collection: str, session: SignedIn, purpose: ForPurpose, appliance: TheAppliance) -> dict[str, Any]:
    """The published documents of a collection that the person may read, titles redacted."""
    scope = appliance.access.readable(session.person, purpose, collection)
    return {
        "documents": [
            {"document": d.document, "version": d.id, "title": d.title, "kind": d.kind, "pages": d.pages,
             "published": d.published, "entities": d.entities}
            for d in appliance.catalog.documents(scope.collections)
            if d.status == "published" and d.label in scope.labels
        ]
    }  # fmt: skip


async def body(request: Request, appliance: TheAppliance) -> bytes:
    """The request's body, in memory: a multipart form would be spooled to a temporary file, unencrypted (I1)."""
    limit = appliance.settings.max_document_bytes
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit:
            raise TooLarge(f"the file is over the limit of {limit // 2**20} MiB", "Split it")
    return bytes(content)


@router.post("/documents")
def upload(
    collection: str,
    content: Annotated[bytes, Depends(body)],
    session: Changing,
    appliance: TheAppliance,
    x_file_name: Annotated[str, Header(max_length=2000)] = "document",
) -> StreamingResponse:
    """Take one file in, the request's body; its stages are streamed, then its outcome. The name comes
    percent-encoded in a header, since addresses end up in logs."""
    grant = appliance.access.writable(session.person, collection)
    name = unquote(x_file_name, errors="replace")

    def events(cancel: threading.Event) -> Iterator[dict[str, Any]]:
        stages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        done: list[dict[str, Any]] = []

        def run() -> None:
            try:
                outcome = documents.ingest(
                    appliance.ingesting, grant, content, name, progress=lambda stage: stages.put({"stage": stage})
                )
                done.append(outcome_json(outcome))
            finally:
                stages.put({})

        worker = threading.Thread(target=run, name="upload")
        worker.start()
        while stage := stages.get():
            yield stage
        worker.join()
        yield (
            done[0] if done else {"error": {"code": "failed", "message": "the document was not taken in", "advice": ""}}
        )

    return stream(events)
