"""One access decision by Cedar: allowed, or not. Any error during evaluation is a denial.

Cedar skips a `forbid` whose condition errors, which would open what it should close; so a decision with
any diagnostic error counts as a denial.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import cedarpy

from appliance.access.grants import Person, Purpose
from appliance.access.policies import AccessPolicies


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


@dataclass(frozen=True, slots=True)
class _Policies:
    """Hashes by digest, so that decisions can be cached."""

    digest: str
    loaded: AccessPolicies = field(compare=False, repr=False)


def principals(person: Person) -> frozenset[str]:
    """The names under which grants may speak of a person."""
    return frozenset({f"user:{person.login}", *(f"group:{group}" for group in person.groups)})


def allowed_labels(
    policies: AccessPolicies, person: Person, purpose: Purpose, action: str, labels: Iterable[LabelFacts]
) -> frozenset[str]:
    """Digests of those labels on which `person` may perform `action` for `purpose`."""
    known = _Policies(policies.digest, policies)
    return frozenset(label.digest for label in labels if _on_label(known, person, purpose, action, label))


def allowed_on_system(policies: AccessPolicies, person: Person, action: str) -> bool:
    """Whether `person` may perform a system action: `administer` or `audit`."""
    return _on_system(_Policies(policies.digest, policies), person, action)


@lru_cache(maxsize=65536)
def _on_label(policies: _Policies, person: Person, purpose: Purpose, action: str, label: LabelFacts) -> bool:
    known = policies.loaded.rights
    if action not in known:
        return False
    later = {"revealers": ("reveal", label.revealers), "reviewers": ("review", label.reviewers)}
    attributes: dict[str, object] = {
        "collection": label.collection,
        "classification": label.classification,
        "compartments": sorted(label.compartments),
        "readers": sorted(label.readers),
        "writers": sorted(label.writers),
        "identifiers": sorted(label.identifiers),
        **{name: sorted(holders) for name, (right, holders) in later.items() if right in known},
    }
    resource: dict[str, object] = {
        "uid": {"type": "Label", "id": label.digest}, "attrs": attributes, "parents": [],
    }  # fmt: skip
    return _decide(policies, person, purpose.value, action, resource)


@lru_cache(maxsize=4096)
def _on_system(policies: _Policies, person: Person, action: str) -> bool:
    resource: dict[str, object] = {"uid": {"type": "System", "id": "appliance"}, "attrs": {}, "parents": []}
    return _decide(policies, person, "operations", action, resource)


def _decide(policies: _Policies, person: Person, purpose: str, action: str, resource: dict[str, object]) -> bool:
    names = principals(person)
    who = {
        "uid": {"type": "Person", "id": person.id},
        "attrs": {
            "principals": sorted(names),
            "roles": sorted(person.roles),
            "clearance": person.clearance,
            "compartments": sorted(person.compartments),
        },
        "parents": [],
    }
    request = {
        "principal": who["uid"],
        "action": {"type": "Action", "id": action},
        "resource": resource["uid"],
        "context": {
            "purpose": purpose,
            "keys": sorted({f"{name}@{suffix}" for name in names for suffix in (purpose, "*")}),
        },
    }
    result = cedarpy.is_authorized(request, policies.loaded.policies, [who, resource], policies.loaded.schema)
    return bool(result.allowed) and not result.diagnostics.errors
