"""What officers and auditors ask of an open appliance: operations as in `operations`, of which they are a part."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from appliance import replay as replays
from appliance.assembly.acting import Events, person, purpose_of
from appliance.assembly.parts import Appliance


def audit_replay(
    appliance: Appliance, operator: str, record: str, user: str = "", purpose: str = "", rerun: bool = True
) -> Events:
    """An answer re-created from its sealed record."""
    who, why = person(appliance, operator, user), purpose_of(purpose)
    found = replays.replay(appliance.asking, appliance.store, who, why, record, rerun=rerun)
    intent, outcome = found.intent, found.outcome
    sealed = outcome.sealed or {}
    yield {
        "record": outcome.id, "index": outcome.index, "intent": intent.id, "time": outcome.time,
        "asked_by": intent.actor, "purpose": intent.public["purpose"], "status": outcome.public["status"],
        "question": (intent.sealed or {}).get("question", ""), "versions": outcome.public["versions"],
        "model": outcome.public["model"], "model_digest": outcome.public["model_digest"],
        "policy_digest": intent.public["policy_digest"], "redaction_digests": outcome.public["redaction_digests"],
        "prompt_digest": outcome.public["prompt_digest"], "prompt": sealed.get("prompt", ""),
        "draft": sealed.get("draft", ""), "answer": sealed.get("answer", {}),
        "kept": asdict(found.kept), "rebuilt": asdict(found.rebuilt), "text": asdict(found.text),
    }  # fmt: skip


OPERATIONS: dict[str, Callable[..., Any]] = {
    "audit.replay": audit_replay,
}
