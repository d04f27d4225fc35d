"""What is done with redaction profiles by name: what is in force, what would change, and putting it in force.

Putting a profile in force queues every document that was redacted under another text of it (invariant I8). The
queue is no list of its own: it is what the catalog says is not on the text in force, so nothing of it is lost
when a process ends. It is worked through by the ingest journey.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from appliance import ingest
from appliance.assembly.acting import Events
from appliance.assembly.parts import Appliance
from appliance.audit.events import PolicyInForce, RedactionQueued
from appliance.documents.catalog import Collection, Version
from appliance.errors import ApplianceError, NotFound, UsageError
from appliance.redaction.policy import Profile, parse_profile
from appliance.redaction.profile_changes import changes
from appliance.settings import SHIPPED_POLICIES


def state(appliance: Appliance, operator: str) -> Events:
    """Every profile: its file, what is in force, how many documents are on another text."""
    rows = []
    for each in appliance.profiles.states():
        queue = _queue(appliance, each.name, each.in_force) if each.in_force else []
        rows.append(
            {
                "name": f"redaction/{each.name}", "digest": each.file, "in_force": each.in_force, "state": each.word,
                "outdated": len(queue),
            }
        )  # fmt: skip
    yield {"policies": rows}


def difference(appliance: Appliance, operator: str, name: str, text: str = "") -> Events:
    """What a text of a profile (by default its file) changes against the one in force, and what it would queue."""
    after = _candidate(appliance, name, text)[0]
    before = appliance.profiles.find(name)
    yield {
        "name": name,
        "in_force": before.digest if before else "",
        "candidate": after.digest,
        "changes": [asdict(each) for each in changes(before, after)],
        "queues": _queue_json(appliance, _queue(appliance, name, after.digest)),
    }


def apply(appliance: Appliance, operator: str, name: str, text: str = "", later: bool = False) -> Events:
    """Put a text of a profile in force, and redact again what was redacted under another, one event a document.

    With `later` the queue waits: for the next start of the service, or for this again.
    """
    profile, content = _candidate(appliance, name, text)
    if text:
        appliance.profiles.install(name, content)
    before = appliance.profiles.find(name)
    replaces = before.digest if before else ""
    if replaces != profile.digest:
        appliance.log.append(
            PolicyInForce(policy=f"redaction/{name}", digest=profile.digest, replaces=replaces), actor=operator
        )
        appliance.profiles.accept(name, content, operator)
    queue = _queue(appliance, name, profile.digest)
    if queue:
        queued = RedactionQueued(policy=f"redaction/{name}", digest=profile.digest, versions=[v.id for _, v in queue])
        appliance.log.append(queued, actor=operator)
    done: list[dict[str, Any]] = []
    for event in () if later else _worked(appliance, queue, operator):
        yield event
        if "status" in event:
            done.append(event)
    left = _queue_json(appliance, _queue(appliance, name, profile.digest))
    yield {"name": name, "digest": profile.digest, "replaces": replaces, "documents": done, "queued": left}


def outdated(appliance: Appliance, operator: str) -> Events:
    """Redact again whatever is not on the text in force; what a start of the service does."""
    done = []
    for each in appliance.profiles.states():
        if each.word == "in force":
            queue = _queue(appliance, each.name, each.in_force)
            done += [event for event in _worked(appliance, queue, operator) if "status" in event]
    yield {"documents": done}


def _worked(appliance: Appliance, queue: list[tuple[Collection, Version]], operator: str) -> Events:
    for position, (collection, version) in enumerate(queue, 1):
        place = {"document": version.document, "position": position, "total": len(queue)}
        yield {**place, "stage": "started"}
        try:
            outcome = ingest.again(appliance.ingesting, version.id, operator)
        except NotFound:
            told = {"version": version.id, "status": "not kept", "reason": "its original is not kept: ingest it again"}
        except ApplianceError as error:
            told = {"version": version.id, "status": "failed", "reason": error.message}
        else:
            told = {"version": outcome.version, "status": outcome.status, "reason": outcome.reason}
        yield {**place, "collection": collection.name, **told}


def _queue(appliance: Appliance, name: str, digest: str) -> list[tuple[Collection, Version]]:
    """The versions of collections under profile `name` that are not on its text `digest`."""
    return [
        (collection, version)
        for collection in appliance.catalog.collections.all()
        if collection.profile == name
        for version in appliance.catalog.outdated(collection.id, digest)
    ]


def _queue_json(appliance: Appliance, queue: list[tuple[Collection, Version]]) -> list[dict[str, Any]]:
    return [
        {
            "collection": collection.name, "document": version.document, "version": version.id, "title": version.title,
            "status": version.status, "original": appliance.originals.kept(version.id),
        }
        for collection, version in queue
    ]  # fmt: skip


def _candidate(appliance: Appliance, name: str, text: str) -> tuple[Profile, bytes]:
    """A profile from `text`, else from its file; and its exact bytes."""
    if not text:
        content = appliance.profiles.content(name)
    elif appliance.settings.policies == SHIPPED_POLICIES:
        raise UsageError("this home has no policies of its own", "Copy the shipped ones to its folder policies")
    else:
        content = text.encode("utf-8", "surrogateescape")
    profile = parse_profile(content, f"{name}.yaml")
    if profile.name != name:
        raise UsageError(f"the profile calls itself {profile.name[:64]}", "Give that name")
    return profile, content


OPERATIONS: dict[str, Callable[..., Events]] = {
    "policy.state": state,
    "policy.diff": difference,
    "policy.apply": apply,
    "policy.outdated": outdated,
}
