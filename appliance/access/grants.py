"""The proofs of a decision that other rooms ask for as arguments: who, why, and what they may do.

Only `appliance.access` can make a `ReadableScope`, a `WriteGrant` or another grant: their constructors
ask for a token that this package does not hand out. A function that needs a decision takes one of these
and so cannot be called without it (invariant I3).
"""

from dataclasses import dataclass, field
from enum import StrEnum

_SEAL = object()


class Purpose(StrEnum):
    """Purpose of use (after HL7 PurposeOfUse): why somebody asks."""

    TREATMENT = "treatment"
    PAYMENT = "payment"
    OPERATIONS = "operations"
    AUDIT = "audit"
    RESEARCH = "research"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. `operator` is the operating system's user who acted for them, if any."""

    id: str
    login: str
    name: str
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    """Subset of `reader`, `editor`, `administrator`, `auditor`, `privacy_officer`."""
    clearance: int = 0
    compartments: frozenset[str] = frozenset()
    operator: str = ""
    place: str = ""
    """Where they ask from, by the names of the setting `places`."""


@dataclass(frozen=True, slots=True)
class ReadableScope:
    """What one person may read for one purpose: access labels, of these collections.

    `policy_digest` is the digest of the access policies that decided. `search_by_identity` is the right to
    have a name in a question turned into its surrogate.
    """

    seal: object = field(repr=False)
    person: str
    purpose: Purpose
    labels: frozenset[str]
    collections: frozenset[str]
    policy_digest: str
    search_by_identity: bool = False
    reason: str = ""
    """Set for a `system_scope`: why the program itself reads everything; audited."""

    def __post_init__(self) -> None:
        _check(self.seal)


@dataclass(frozen=True, slots=True)
class ReadGrant:
    """Permission for one person to read one document."""

    seal: object = field(repr=False)
    person: str
    document: str
    label: str

    def __post_init__(self) -> None:
        _check(self.seal)


@dataclass(frozen=True, slots=True)
class WriteGrant:
    """Permission for one person to add documents to one collection."""

    seal: object = field(repr=False)
    person: str
    collection: str

    def __post_init__(self) -> None:
        _check(self.seal)


@dataclass(frozen=True, slots=True)
class ReviewGrant:
    """Permission for one person to see spans of unpublished documents under these labels, and decide on them;
    `collections` are those on every label of which they may."""

    seal: object = field(repr=False)
    person: str
    purpose: Purpose
    collections: frozenset[str]
    labels: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _check(self.seal)


@dataclass(frozen=True, slots=True)
class RevealGrant:
    """Permission for one person to see, for one purpose, what the surrogates of these collections stand for; of other
    collections only what stands in a document under one of these labels."""

    seal: object = field(repr=False)
    person: str
    purpose: Purpose
    collections: frozenset[str]
    labels: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _check(self.seal)


    def __bool__(self) -> bool:
        return bool(self.collections or self.labels)


def _check(seal: object) -> None:
    if seal is not _SEAL:
        raise TypeError("only appliance.access grants access")
