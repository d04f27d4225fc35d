"""The reviewer's page: what detection was unsure of, decided with the keyboard; samples searched for misses.

What these routes show of a document is unredacted, for the screen of a person with the right to review; the
responses are not stored (`Cache-Control: no-store`), and each view is recorded first.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from appliance.assembly import reviewing
from appliance.upkeep import reviewing as desk
from appliance.web import bodies
from appliance.web.dependencies import Changing, ForPurpose, OnDesk, SignedIn, TheAppliance

router = APIRouter()
TEMPLATES = Path(__file__).parents[1] / "templates"
MAX_BODY_BYTES = 256 * 1024


class Decision(BaseModel):
    """A decision on spans of one document."""

    items: Annotated[list[int], Field(min_length=1, max_length=10_000)]
    decision: Literal["accept", "reject"]
    type: Annotated[str, Field(max_length=40)] = ""


class Missed(BaseModel):
    """A span that detection missed."""

    block: int
    start: int
    end: int
    type: Annotated[str, Field(max_length=40)]


async def decision_of(request: Request, on: OnDesk, session: Changing) -> Decision:
    """The decision in the body; nobody but who may review gets this far."""
    return await bodies.read_json(request, Decision, MAX_BODY_BYTES)


async def missed_of(request: Request, on: OnDesk, session: Changing) -> Missed:
    """The span in the body; nobody but who may review gets this far."""
    return await bodies.read_json(request, Missed, MAX_BODY_BYTES)


@router.get("/review")
def page() -> FileResponse:
    """The reviewer's page; what it shows it asks for."""
    return FileResponse(TEMPLATES / "review.html", media_type="text/html; charset=utf-8")


@router.get("/api/review")
def waiting(session: SignedIn, purpose: ForPurpose, appliance: TheAppliance) -> dict[str, Any]:
    """The documents that wait for this person, of the collections they may review; perhaps none."""
    return reviewing.waiting(appliance, appliance.access.reviewable(session.person, purpose))


@router.get("/api/review/{version}")
def opened(
    on: OnDesk, appliance: TheAppliance, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> dict[str, Any]:
    """The unsure spans of a document in their context, and the blocks of one page; the view is recorded first."""
    return reviewing.opened(appliance, on.grant, on.person, on.version.id, page)


@router.post("/api/review/{version}/decisions")
def decide(
    on: OnDesk, session: Changing, decision: Annotated[Decision, Depends(decision_of)], appliance: TheAppliance
) -> dict[str, Any]:
    """Decide on spans. With the last one the document is published, or held again."""
    return reviewing.decided(
        appliance, on.grant, on.person, on.version.id, decision.items, decision.decision, decision.type
    )


@router.post("/api/review/{version}/missed")
def add(
    on: OnDesk, session: Changing, missed: Annotated[Missed, Depends(missed_of)], appliance: TheAppliance
) -> dict[str, Any]:
    """Mark a span that detection missed."""
    added = desk.add(
        appliance.ingesting, on.grant, on.person, on.version.id, missed.block, missed.start, missed.end, missed.type
    )
    return {"id": added}


@router.post("/api/review/{version}/retry")
def retry(on: OnDesk, session: Changing, appliance: TheAppliance) -> dict[str, Any]:
    """Send a document on its way again, with what was decided and added in force."""
    return reviewing.ended(desk.retry(appliance.ingesting, on.grant, on.person, on.version.id))
