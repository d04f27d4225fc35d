"""Names again on the page: asked for by surrogate, shown from memory, stored by nobody (`Cache-Control: no-store`)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from appliance.access.grants import Purpose
from appliance.assembly import revealing
from appliance.web import bodies
from appliance.web.dependencies import Changing, ForPurpose, SignedIn, TheAppliance

router = APIRouter(prefix="/api/reveal")
MAX_BODY_BYTES = 64 * 1024


class Wanted(BaseModel):
    """The surrogates on the screen, and the record of the answer they stand in, if they stand in one."""

    surrogates: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=revealing.MOST)]
    intent: Annotated[str, Field(max_length=80)] = ""


async def wanted_of(request: Request, session: Changing) -> Wanted:
    """What is wanted, in the body; nobody but who is signed in gets this far."""
    return await bodies.read_json(request, Wanted, MAX_BODY_BYTES)


@router.get("")
def allowed(session: SignedIn, purpose: ForPurpose, appliance: TheAppliance) -> dict[str, bool]:
    """Whether this person may see names again in any collection for this purpose, and whether they review any."""
    return {
        "allowed": bool(appliance.access.revealable(session.person, purpose)),
        "reviews": bool(appliance.access.reviewable(session.person, Purpose.OPERATIONS).labels),
    }


@router.post("")
def names(
    session: Changing, purpose: ForPurpose, wanted: Annotated[Wanted, Depends(wanted_of)], appliance: TheAppliance
) -> dict[str, Any]:
    """What these surrogates stand for, each recorded first. What is unknown, foreign, erased or not this person's to
    see is left out, one like the other."""
    return {"names": revealing.names(appliance, session.person, purpose, wanted.surrogates, wanted.intent)}
