"""Searching the blocks of a leak-rate sample: redacted text, one block at a time, marked by a person."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from appliance.assembly import leakage
from appliance.web import bodies
from appliance.web.dependencies import Changing, ForPurpose, OfSample, SignedIn, TheAppliance

router = APIRouter(prefix="/api/leakrate")
MAX_BODY_BYTES = 16 * 1024


class Mark(BaseModel):
    """What is still readable in a block; nothing when nothing is."""

    block: Annotated[int, Field(ge=1)]
    missed: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]


async def mark_of(request: Request, of: OfSample, session: Changing) -> Mark:
    """The mark in the body; nobody but who may review gets this far."""
    return await bodies.read_json(request, Mark, MAX_BODY_BYTES)


@router.get("")
def samples(session: SignedIn, purpose: ForPurpose, appliance: TheAppliance) -> dict[str, Any]:
    """The samples of the collections that this person may review; perhaps none."""
    return leakage.listed(appliance, appliance.access.reviewable(session.person, purpose))


@router.get("/{sample}")
def block(
    of: OfSample, appliance: TheAppliance, number: Annotated[int | None, Query(ge=1)] = None
) -> dict[str, Any]:
    """A block of a sample, by its number or the next that nobody has searched."""
    return leakage.block(appliance, of.sample, number)


@router.post("/{sample}/marks")
def mark(
    of: OfSample, session: Changing, mark: Annotated[Mark, Depends(mark_of)], appliance: TheAppliance
) -> dict[str, Any]:
    """Mark a block, recorded first; what comes back is the next one."""
    return leakage.mark(appliance, of.sample, of.person, mark.block, mark.missed)
