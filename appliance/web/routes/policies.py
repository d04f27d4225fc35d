"""Four eyes over access policies, with a mouse: what one person proposed by a command, another approves or rejects.

A session of the page is the proof of who it is; API tokens reach nothing here.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from appliance.assembly import access_policies
from appliance.web import bodies
from appliance.web.dependencies import Changing, SignedIn, TheAppliance

router = APIRouter(prefix="/api/policies")
MAX_BODY_BYTES = 4096


class Decided(BaseModel):
    """Which proposal: the whole digest that was on the screen."""

    digest: Annotated[str, Field(min_length=64, max_length=64)]


async def decided(request: Request, session: Changing, appliance: TheAppliance) -> Decided:
    """The body, of somebody who may approve."""
    appliance.access.require(session.person, "approve")
    return await bodies.read_json(request, Decided, MAX_BODY_BYTES)


Digest = Annotated[Decided, Depends(decided)]


@router.get("")
def listing(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """Access policies past, in force and proposed; of proposals who gains and loses what, and the change of text."""
    return access_policies.waiting(appliance, session.person)


@router.post("/approve")
def approve(one: Digest, session: Changing, appliance: TheAppliance) -> dict[str, Any]:
    """Bring a proposal of somebody else into force, at once."""
    return access_policies.approved(appliance, session.person, one.digest)


@router.post("/reject")
def reject(one: Digest, session: Changing, appliance: TheAppliance) -> dict[str, Any]:
    """Take a proposal off the table."""
    return access_policies.rejected(appliance, session.person, one.digest)
