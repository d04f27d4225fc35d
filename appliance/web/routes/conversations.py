"""A person's conversations: theirs alone, listed, opened again, deleted."""

from typing import Any

from fastapi import APIRouter

from appliance.assembly import conversing
from appliance.web.dependencies import OwnConversation, OwnConversationToChange, SignedIn, TheAppliance

router = APIRouter(prefix="/api/conversations")


@router.get("")
def listing(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """Whoever is signed in's conversations, what was last used first."""
    return conversing.listed(appliance, session.person)


@router.get("/{conversation}")
def conversation(own: OwnConversation, appliance: TheAppliance) -> dict[str, Any]:
    """A conversation's questions and answers; those withheld whose sources may no longer be read. Recorded."""
    return conversing.opened(appliance, own.person, own.id)


@router.delete("/{conversation}")
def delete(own: OwnConversationToChange, appliance: TheAppliance) -> dict[str, Any]:
    """Delete a conversation: its key is destroyed."""
    return conversing.deleted(appliance, own.person, own.id)
