"""Access labels of single documents: operations as in `operations`, of which they are a part."""

from collections.abc import Callable
from typing import Any

from appliance.access.grants import Person
from appliance.assembly.acting import Events, person
from appliance.assembly.parts import Appliance
from appliance.documents.holds import Hold
from appliance.errors import UsageError
from appliance.upkeep import labelling


def document_label(
    appliance: Appliance, operator: str, document: str, classification: int | None = None,
    compartments: list[str] | None = None, need_to_know: list[str] | None = None,
    consent_withdrawn: bool | None = None, user: str = "",
) -> Events:  # fmt: skip
    """What is said of one document, beside what its collection says. Without a change, what is said now."""
    changes = changes_of(classification, compartments, need_to_know, consent_withdrawn)
    if not user:
        yield labelled(appliance, document, changes, operator, "")
        return
    who = person(appliance, operator, user)
    yield labelled_by(appliance, who, document, changes)


def changes_of(
    classification: int | None, compartments: list[str] | None, need_to_know: list[str] | None,
    consent_withdrawn: bool | None,
) -> dict[str, object]:  # fmt: skip
    """The attributes that were given."""
    given = {
        "classification": classification, "compartments": compartments, "need_to_know": need_to_know,
        "consent_withdrawn": consent_withdrawn,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def labelled_by(appliance: Appliance, who: Person, document: str, changes: dict[str, object]) -> dict[str, Any]:
    """The same by somebody who may say so. Raises Refused."""
    appliance.access.require(who, "classify")
    if not changes:
        raise UsageError("nothing to change was given", "See `appliance documents label --help`")
    return labelled(appliance, document, changes, who.id, who.operator)


def labelled(
    appliance: Appliance, document: str, changes: dict[str, object], actor: str, operator: str
) -> dict[str, Any]:
    """Change a document's label; recorded first."""
    rooms = labelling.Rooms(
        appliance.access, appliance.log, appliance.catalog, appliance.store, lambda: appliance.index
    )
    made = labelling.label_document(rooms, document, changes, actor=actor, operator=operator)
    return {
        "id": made.document, "label": made.label, "attributes": made.attributes, "versions": list(made.versions),
    }  # fmt: skip


def follow_hold(appliance: Appliance, hold: Hold, actor: str) -> None:
    """Tell the policies that a document is under a legal hold, or no longer. What forbids its erasure is the hold
    itself, which is asked inside the erasure; a home whose policies know of no holds misses nothing but the word."""
    if hold.kind == "document" and "legal_hold" in appliance.access.policies.facts:
        same = [each for each in appliance.holds.all() if (each.kind, each.target) == (hold.kind, hold.target)]
        labelled(appliance, hold.target, {"legal_hold": not all(each.lifted for each in same)}, actor, "")


OPERATIONS: dict[str, Callable[..., Events]] = {"document.label": document_label}
