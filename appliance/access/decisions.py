"""Access decisions by Cedar: allowed, or not. Any error during evaluation is a denial.

Cedar skips a `forbid` whose condition errors, which would open what it should close; so a decision with
any diagnostic error counts as a denial.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import cedarpy

from appliance.access.grants import Person, Purpose
from appliance.access.policies import ADDED_LATER, AccessPolicies


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What a policy may know of an access label; the sets hold `<principal>@<purpose>` or `<principal>@*`."""

    digest: str
    collection: str
    classification: int = 0
    compartments: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()
    writers: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()
    revealers: frozenset[str] = frozenset()
    reviewers: frozenset[str] = frozenset()
    need_to_know: frozenset[str] = frozenset()
    """Names of people and groups (`group:cardiology`); one of them must be the asker's, unless it is empty."""
    consent_withdrawn: bool = False
    legal_hold: bool = False


class Labels:
    """Facts of labels, and Cedar's own form of them, parsed once."""

    def __init__(self, policies: AccessPolicies, facts: Iterable[LabelFacts]) -> None:
        self.facts = list(facts)
        unknown = set(ADDED_LATER) - policies.facts
        self.entities = cedarpy.Entities.from_json_str(json.dumps([_label(each, unknown) for each in self.facts]))
        self.named = [
            each.readers | each.writers | each.identifiers | each.revealers | each.reviewers for each in self.facts
        ]
        """For each label, everybody whom it names."""


def principals(person: Person) -> frozenset[str]:
    """The names under which grants may speak of a person."""
    return frozenset({f"user:{person.login}", *(f"group:{group}" for group in person.groups)})


def allowed_labels(
    policies: AccessPolicies,
    person: Person,
    purpose: Purpose,
    action: str,
    labels: Labels | Iterable[LabelFacts],
    when: datetime | None = None,
) -> frozenset[str]:
    """Digests of those labels on which `person` may perform `action` for `purpose`, now or at `when`."""
    if action not in policies.rights:
        return frozenset()
    known = labels if isinstance(labels, Labels) else Labels(policies, labels)
    uids: list[dict[str, str]] = [{"type": "Label", "id": label.digest} for label in known.facts]
    named = known.named if policies.keys_as_holders_alone else None
    allowed = _decide(policies, person, purpose.value, action, known.entities, uids, when, named)
    return frozenset(label.digest for label, yes in zip(known.facts, allowed, strict=True) if yes)


def allowed_on_system(policies: AccessPolicies, person: Person, action: str, when: datetime | None = None) -> bool:
    """Whether `person` may perform a system action: `administer`, `audit`, `approve` or `classify`."""
    if action not in policies.rights:
        return False
    system = {"type": "System", "id": "appliance"}
    entities = cedarpy.Entities.from_json_str(json.dumps([{"uid": system, "attrs": {}, "parents": []}]))
    return _decide(policies, person, Purpose.OPERATIONS.value, action, entities, [system], when)[0]


def _decide(
    policies: AccessPolicies,
    person: Person,
    purpose: str,
    action: str,
    entities: cedarpy.Entities,
    resources: list[dict[str, str]],
    when: datetime | None,
    named: Sequence[frozenset[str]] | None = None,
) -> list[bool]:
    """The decision on each resource; `named` are the keys that matter for each, where others do not."""
    names, now = principals(person), (when or datetime.now(UTC)).astimezone()
    who: dict[str, Any] = {
        "uid": {"type": "Person", "id": person.id},
        "attrs": {
            "principals": sorted(names),
            "roles": sorted(person.roles),
            "clearance": person.clearance,
            "compartments": sorted(person.compartments),
        },
        "parents": [],
    }
    circumstances: dict[str, Any] = {
        "place": person.place or ("console" if person.operator else ""), "hour": now.hour, "weekday": now.isoweekday(),
    }  # fmt: skip
    told = {name: value for name, value in circumstances.items() if name in policies.facts}
    keys = frozenset(f"{name}@{suffix}" for name in names for suffix in (purpose, "*"))

    def context(given: frozenset[str]) -> str:
        return json.dumps({"purpose": purpose, "keys": sorted(given), **told})

    contexts = repeat(context(keys)) if named is None else (context(keys & each) for each in named)
    requests = [
        {"principal": who["uid"], "action": {"type": "Action", "id": action}, "resource": resource, "context": each}
        for resource, each in zip(resources, contexts, strict=False)
    ]
    everything = entities.with_added_json_str(json.dumps([who]))
    results = cedarpy.is_authorized_batch(requests, policies.policies, everything, policies.schema)
    return [bool(result.allowed) and not result.diagnostics.errors for result in results]


def _label(label: LabelFacts, unknown: set[str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "collection": label.collection,
        "classification": label.classification,
        "compartments": sorted(label.compartments),
        "readers": sorted(label.readers),
        "writers": sorted(label.writers),
        "identifiers": sorted(label.identifiers),
        "revealers": sorted(label.revealers),
        "reviewers": sorted(label.reviewers),
        "need_to_know": sorted(label.need_to_know),
        "consent_withdrawn": label.consent_withdrawn,
        "legal_hold": label.legal_hold,
    }
    known = {name: value for name, value in attributes.items() if name not in unknown}
    return {"uid": {"type": "Label", "id": label.digest}, "attrs": known, "parents": []}
