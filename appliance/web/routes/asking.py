"""Asking a question: quotes at once, sentences as they pass verification, the receipt last."""

import threading
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from appliance import ask as questions
from appliance.assembly import wire
from appliance.assembly.acting import purpose_of
from appliance.settings import MIB
from appliance.web import bodies
from appliance.web.dependencies import Changing, TheAppliance, TheStreams

router = APIRouter(prefix="/api")
MAX_BODY_BYTES = 32 * MIB
"""Far above any question, so that one that is too long is read, and refused by the journey with its record."""


class Asked(BaseModel):
    """A question as the page sends it. Its length is checked, and refused with words, by the journey."""

    question: str
    purpose: Annotated[str, Field(max_length=40)] = "operations"
    collection: Annotated[str, Field(max_length=100)] = ""


async def asked_of(request: Request, session: Changing) -> Asked:
    """The question in the body; nobody but who is signed in gets this far."""
    return await bodies.read_json(request, Asked, MAX_BODY_BYTES)


@router.post("/ask")
def ask(
    session: Changing, asked: Annotated[Asked, Depends(asked_of)], appliance: TheAppliance, streams: TheStreams
) -> StreamingResponse:
    """Stream the answer as server-sent events: `quotes`, `sentence`s, then the result with its receipt."""
    purpose = purpose_of(asked.purpose)

    def events(cancel: threading.Event) -> Iterator[dict[str, Any]]:
        journey = questions.ask(
            appliance.asking,
            session.person,
            purpose,
            asked.question,
            collection=asked.collection or None,
            cancel=cancel,
        )
        for event in journey:
            yield wire.shown(event)

    return streams.stream(events)
