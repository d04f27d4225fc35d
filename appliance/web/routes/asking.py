"""Asking a question: quotes at once, sentences as they pass verification, the receipt last."""

import threading
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from appliance import ask as questions
from appliance.assembly import wire
from appliance.assembly.operations import purpose_of
from appliance.web.dependencies import Changing, TheAppliance
from appliance.web.streaming import stream

router = APIRouter(prefix="/api")


class Asked(BaseModel):
    """A question as the page sends it. Its length is checked, and refused with words, by the journey."""

    question: Annotated[str, Field(max_length=1_000_000)]
    purpose: Annotated[str, Field(max_length=40)] = "operations"
    collection: Annotated[str, Field(max_length=100)] = ""


@router.post("/ask")
def ask(asked: Asked, session: Changing, appliance: TheAppliance) -> StreamingResponse:
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

    return stream(events)
