"""Asking a question: quotes at once, sentences as they pass verification, the receipt last."""

import threading
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from appliance.assembly import conversing
from appliance.assembly.acting import purpose_of
from appliance.documents.narrowing import narrowing
from appliance.settings import MIB
from appliance.web import bodies
from appliance.web.dependencies import Changing, TheAppliance, TheStreams, standing

router = APIRouter(prefix="/api")
MAX_BODY_BYTES = 32 * MIB
"""Far above any question, so that one that is too long is read, and refused by the journey with its record."""


class Asked(BaseModel):
    """A question as the page sends it. Its length is checked, and refused with words, by the journey."""

    question: str
    purpose: Annotated[str, Field(max_length=40)] = "operations"
    collection: Annotated[str, Field(max_length=100)] = ""
    documents: Annotated[list[str], Field(max_length=1000)] = []
    kinds: Annotated[list[str], Field(max_length=100)] = []
    since: Annotated[str, Field(max_length=40)] = ""
    until: Annotated[str, Field(max_length=40)] = ""
    conversation: Annotated[str, Field(max_length=100)] = ""
    """Empty for a question of its own, `new` to begin a conversation, else its id."""


async def asked_of(request: Request, session: Changing) -> Asked:
    """The question in the body; nobody but who is signed in gets this far."""
    return await bodies.read_json(request, Asked, MAX_BODY_BYTES)


@router.post("/ask")
def ask(
    request: Request,
    session: Changing,
    asked: Annotated[Asked, Depends(asked_of)],
    appliance: TheAppliance,
    streams: TheStreams,
) -> StreamingResponse:
    """Stream the answer as server-sent events: `quotes`, `sentence`s, then the result with its receipt. A right
    that is taken away meanwhile cuts it. Before the quotes `understood`, what a follow-up was taken for; after
    them `place`, its place in the queue before the language model. `documents`, `kinds`, `since` and `until`
    narrow it; `conversation` continues one, or begins one with `new`."""
    purpose = purpose_of(asked.purpose)
    narrowed = narrowing(asked.documents, asked.kinds, asked.since, asked.until)
    if asked.conversation not in ("", conversing.NEW):
        appliance.conversations.get(session.person.id, asked.conversation)

    def events(cancel: threading.Event) -> Iterator[dict[str, Any]]:
        yield from conversing.converse(
            appliance,
            session.person,
            purpose,
            asked.question,
            collection=asked.collection,
            narrowed=narrowed,
            conversation=asked.conversation,
            cancel=cancel,
        )

    return streams.stream(events, standing(request, session, appliance, purpose, asked.collection))
