"""Asking within a conversation: what came before makes a follow-up whole, what comes is kept for its owner.

Conversations hold redacted text only. A question before this one counts when it was asked for the same purpose,
all that its answer quotes may still be read, and no name was looked up that may not be looked up now.
"""

from collections.abc import Iterator
from threading import Event
from typing import Any

from appliance import ask as questions
from appliance.access.grants import Person, Purpose
from appliance.answering.conversations import Turn
from appliance.assembly import wire
from appliance.assembly.parts import Appliance
from appliance.audit.events import ConversationDeleted, ConversationOpened
from appliance.documents.narrowing import Narrowing
from appliance.errors import ApplianceError, Unavailable

NEW = "new"
"""Given for a conversation: begin one."""
ALSO = ("parts", "disagreements")
KEPT = (
    "question", "answer", "status", "reason", "sentences", "citations", "related", "dropped", "receipt", "usage",
    "seconds", "warnings",
)  # fmt: skip
"""What of a result is kept in a turn."""


def converse(
    appliance: Appliance,
    person: Person,
    purpose: Purpose,
    text: str,
    *,
    collection: str = "",
    narrowed: Narrowing = questions.EVERYTHING,
    conversation: str = "",
    cancel: Event | None = None,
) -> Iterator[dict[str, Any]]:
    """The events of a question as JSON; with a conversation, its turn is kept and the result names it.

    Raises NotFound for a conversation that is not this person's, before anything else.
    """
    history = () if conversation in ("", NEW) else _history(appliance, person, purpose, conversation)
    journey = questions.ask(
        appliance.asking, person, purpose, text,
        collection=collection or None, narrowed=narrowed, history=history, cancel=cancel,
    )  # fmt: skip
    for event in journey:
        told = wire.shown(event)
        if isinstance(event, questions.Finished) and event.question is not None and conversation:
            told |= _keep(appliance, person, purpose, conversation, event, told)
        yield told


def opened(appliance: Appliance, person: Person, identifier: str) -> dict[str, Any]:
    """A conversation with its turns, what may no longer be read withheld. Recorded. Raises NotFound."""
    found = appliance.conversations.get(person.id, identifier)
    turns = _turns(appliance, person, identifier)
    withheld = sum(not turn.readable for turn in turns)
    appliance.log.append(
        ConversationOpened(conversation=found.id, turns=len(turns), withheld=withheld),
        actor=person.id, operator=person.operator,
    )  # fmt: skip
    return {
        "id": found.id,
        "title": found.title,
        "turns": [{"asked": turn.created, **turn.told, "withheld": not turn.readable} for turn in turns],
    }


def listed(appliance: Appliance, person: Person) -> dict[str, Any]:
    """A person's conversations, what was last used first. Their titles are the person's own questions, redacted."""
    return {
        "conversations": [
            {"id": each.id, "title": each.title, "created": each.created, "updated": each.updated}
            for each in appliance.conversations.of(person.id)
        ]
    }


def deleted(appliance: Appliance, person: Person, identifier: str) -> dict[str, Any]:
    """Destroy a conversation; recorded first. Raises NotFound."""
    found = appliance.conversations.get(person.id, identifier)
    appliance.log.append(ConversationDeleted(conversation=found.id), actor=person.id, operator=person.operator)
    appliance.conversations.delete(person.id, found.id)
    return {"deleted": found.id}


def _history(appliance: Appliance, person: Person, purpose: Purpose, identifier: str) -> tuple[str, ...]:
    scope = appliance.access.readable(person, purpose)
    turns = appliance.conversations.turns(person.id, identifier, {purpose.value: scope.labels})
    for turn in reversed(turns):
        told = turn.told
        if told["purpose"] == purpose.value and turn.readable:
            named = told.get("by_identity") and not scope.search_by_identity
            return () if named else (str(told["question"]),)
    return ()


def _turns(appliance: Appliance, person: Person, identifier: str) -> list[Turn]:
    readable = {each.value: appliance.access.readable(person, each).labels for each in Purpose}
    return appliance.conversations.turns(person.id, identifier, readable)


def _keep(
    appliance: Appliance, person: Person, purpose: Purpose, conversation: str, event: questions.Finished,
    told: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Keep a turn; what the result gains by it. An answer is not lost because it cannot be kept."""
    asked = event.question
    assert asked is not None
    kept = {name: told[name] for name in (*KEPT, *ALSO) if name in told}
    turn = kept | {"purpose": purpose.value, "by_identity": bool(asked.terms)}
    try:
        if conversation == NEW:
            conversation = appliance.conversations.begin(person.id, asked.text)
        appliance.conversations.add(person.id, conversation, turn, event.sources)
    except Unavailable as error:
        return {"warnings": [*told["warnings"], f"this answer is not kept in the conversation ({error.message})"]}
    except ApplianceError:
        return {"warnings": [*told["warnings"], "this answer is not kept: the conversation was deleted meanwhile"]}
    return {"conversation": conversation}
