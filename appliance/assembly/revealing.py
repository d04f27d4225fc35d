"""Names again, on the screen of somebody with the right and a purpose: recorded for each person named, kept nowhere.

What this returns goes into one response or to one terminal. The record comes first, one for each data subject and
sealed under that person's own key, so that "who saw my name" can be told, and be forgotten with the person.
"""

from collections.abc import Iterable
from typing import Any

from appliance.access.grants import Person, Purpose, RevealGrant
from appliance.assembly.parts import Appliance
from appliance.audit.events import QuestionRefused, Reidentified
from appliance.errors import Refused
from appliance.redaction.display import originals, revealed, surrogates_in
from appliance.redaction.vault import subject_scope

MOST = 200
"""Surrogates of one request."""
SHOWN = ("answer", "text", "quote", "title", "reason", "quotes", "sentence", "sentences", "citations", "related")
"""The fields of an answer's events that a person reads, and those that hold them."""


def names(
    appliance: Appliance, who: Person, purpose: Purpose, surrogates: Iterable[str], intent: str = ""
) -> dict[str, str]:
    """What these surrogates stand for, of the collections in which `who` may see names for `purpose`.

    The others are left out, whatever the reason. Raises TooManyRequests over the person's limit.
    """
    return _named(appliance, who, appliance.access.revealable(who, purpose), list(surrogates)[:MOST], intent)


def grant_for(appliance: Appliance, who: Person, purpose: Purpose, collection: str = "") -> RevealGrant:
    """The right to see names in a collection, or in any. Raises Refused, recorded, when there is none."""
    grant = appliance.access.revealable(who, purpose, collection or None)
    if not grant:
        refused = QuestionRefused(step=2, reason="reveal", purpose=purpose.value)
        appliance.log.append(refused, actor=who.id, operator=who.operator)
        raise Refused("you may not see names again for this purpose", "Ask your administrator for the right to reveal")
    return grant


def in_event(appliance: Appliance, who: Person, grant: RevealGrant, event: dict[str, Any]) -> dict[str, Any]:
    """An event of an answer with names in what a person reads."""
    texts: list[str] = []
    _each(event, texts.append)
    known = _named(appliance, who, grant, surrogates_in("\n".join(texts))[:MOST], _intent(event))

    def shown(text: str) -> str:
        for surrogate, original in known.items():
            text = text.replace(surrogate, original)
        return text

    made: dict[str, Any] = _each(event, shown)
    return made


def _named(
    appliance: Appliance, who: Person, grant: RevealGrant, surrogates: list[str], intent: str
) -> dict[str, str]:
    appliance.names.take(who.id, "reveal", len(surrogates))
    found = originals(surrogates, grant, appliance.vault)
    for each in found:
        event = Reidentified(
            purpose=grant.purpose.value, domain=each.domain, count=1, intent=intent, surrogates=[each.surrogate],
            subject_scope=subject_scope(each.domain, each.surrogate),
        )  # fmt: skip
        appliance.log.append(event, actor=who.id, operator=who.operator)
    return {each.surrogate: revealed(each.surrogate, [each]) for each in found}


def _each(value: Any, work: Any, inside: bool = False) -> Any:
    """`value` with `work` done to every text that a person reads."""
    if isinstance(value, dict):
        return {name: _each(each, work, True) if name in SHOWN else each for name, each in value.items()}
    if isinstance(value, list):
        return [_each(each, work, inside) for each in value]
    if isinstance(value, str) and inside:
        made = work(value)
        return value if made is None else made
    return value


def _intent(event: dict[str, Any]) -> str:
    receipt = event.get("receipt")
    return str(receipt.get("record", "")) if isinstance(receipt, dict) else ""
