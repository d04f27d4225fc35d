"""A document's pages as a reader may see them: redacted images, or redacted text where there is no page."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from appliance.assembly import labelling
from appliance.audit.events import PageViewed
from appliance.errors import NotFound, UsageError
from appliance.upkeep.deletion import delete_document
from appliance.web import bodies
from appliance.web.dependencies import NO_SUCH_DOCUMENT, Classifiable, Readable, Removable, TheAppliance

router = APIRouter(prefix="/api/versions/{version}")
MAX_BODY_BYTES = 64 * 1024
PageNumber = Annotated[int, Path(ge=1, le=100_000)]


@router.get("")
def version(readable: Readable, appliance: TheAppliance) -> dict[str, Any]:
    """A document version: its title, its pages with their sizes in points, and which have an image."""
    found = readable.version
    drawn = appliance.drawing.numbers(found.id)
    return {
        "document": found.document,
        "version": found.id,
        "title": found.title,
        "kind": found.kind,
        "status": found.status,
        "published": found.published,
        "profile": found.profile,
        "pages": [
            {"number": page.number, "width": page.width, "height": page.height, "image": page.number in drawn}
            for page in appliance.catalog.page_facts(found.id).pages
        ],
    }


@router.delete("")
def remove(
    removable: Removable, appliance: TheAppliance, sure: Annotated[str, Query(max_length=64)] = ""
) -> dict[str, Any]:
    """Delete the document of this version, with all its versions, for good. `sure` repeats the document's id."""
    document = removable.version.document
    if sure != document:
        raise UsageError("say which document is to be deleted for good", "Repeat its id as `sure`")
    deleted = delete_document(appliance.holdings, document, actor=removable.person.id, reason="deleted on the page")
    return {"document": document, "versions": deleted.versions, "seconds": deleted.seconds}


class Label(BaseModel):
    """What is said of one document; what is left out stays as it is."""

    classification: int | None = None
    compartments: Annotated[list[str], Field(max_length=100)] | None = None
    need_to_know: Annotated[list[str], Field(max_length=100)] | None = None
    consent_withdrawn: bool | None = None


async def label_of(request: Request, classifiable: Classifiable) -> Label:
    """The body, of somebody who may say it."""
    return await bodies.read_json(request, Label, MAX_BODY_BYTES)


@router.post("/label")
def label(
    classifiable: Classifiable, said: Annotated[Label, Depends(label_of)], appliance: TheAppliance
) -> dict[str, Any]:
    """Tell the document of this version apart: who may read it, beside what its collection says. Recorded first."""
    changes = said.model_dump(exclude_none=True)
    return labelling.labelled_by(appliance, classifiable.person, classifiable.version.document, changes)


@router.get("/pages/{number}/image")
def image(number: PageNumber, readable: Readable, appliance: TheAppliance) -> Response:
    """The page's image with identifiers blacked out; the view is recorded first."""
    if number not in appliance.drawing.numbers(readable.version.id):
        raise NotFound(NO_SUCH_DOCUMENT)
    _record(readable, number, appliance)
    return Response(appliance.drawing.image(readable.version, number), media_type="image/webp")


@router.get("/pages/{number}/text")
def text(number: PageNumber, readable: Readable, appliance: TheAppliance) -> dict[str, Any]:
    """The page's redacted text, chunk by chunk, with each chunk's id; the view is recorded first."""
    if number not in {page.number for page in appliance.catalog.page_facts(readable.version.id).pages}:
        raise NotFound(NO_SUCH_DOCUMENT)
    chunks = [chunk for chunk in appliance.store.of_version(readable.version.id) if number in chunk.pages]
    _record(readable, number, appliance)
    return {"chunks": [{"id": c.id, "section": list(c.section), "kind": c.kind, "text": c.text} for c in chunks]}


def _record(readable: Readable, number: int, appliance: TheAppliance) -> None:
    event = PageViewed(document=readable.version.document, version=readable.version.id, page=number)
    appliance.log.append(event, actor=readable.person.id, operator=readable.person.operator)
