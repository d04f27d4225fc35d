"""What a person may read, add to and find: Cedar decisions over access labels, made into proofs.

The only maker of `ReadableScope`, `ReadGrant` and the other grants of `access/grants.py`.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import select, update

from appliance.access import emergency, grants
from appliance.access.decisions import LabelFacts, Labels, allowed_labels, allowed_on_system
from appliance.access.grants import Person, Purpose, ReadableScope, ReadGrant, RevealGrant, ReviewGrant, WriteGrant
from appliance.access.labels import (
    Remembered,
    changed_label,
    check_attributes,
    default_label,
    every_label,
    label_digest,
)
from appliance.access.policies import ADDED_LATER, AccessPolicies
from appliance.errors import NotFound, Refused, UsageError
from appliance.storage import tables
from appliance.storage.database import Database

__all__ = ["Access", "default_label", "label_digest"]


class Access:
    """Decides, over the labels and grants as they are in the database now."""

    def __init__(
        self, database: Database, policies: AccessPolicies, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now
        self.policies = policies
        self._known = Remembered(database)

    def readable(self, person: Person, purpose: Purpose, collection: str | None = None) -> ReadableScope:
        """The scope of `person` for `purpose`, narrowed to one collection (by name or id) if given.

        A collection that does not exist and one that is not theirs give the same NotFound.
        """
        labels = self._labels(collection)
        readable = self._allowed(person, purpose, "read", labels)
        collections = frozenset(label.collection for label in labels if label.digest in readable)
        if collection is not None and not collections:
            raise NotFound("no such collection", "Ask your administrator for a grant if it should exist")
        identify = self._allowed(person, purpose, "identify", labels)
        return ReadableScope(
            seal=grants._SEAL,
            person=person.id,
            purpose=purpose,
            labels=readable,
            collections=collections,
            policy_digest=self.policies.digest,
            search_by_identity=bool(readable) and readable <= identify,
        )

    def document(self, person: Person, purpose: Purpose, document: str, label: str) -> ReadGrant:
        """Permission to read one document. Raises NotFound, the same for a missing and a foreign one."""
        if label not in self.readable(person, purpose).labels:
            raise NotFound("no such document")
        return ReadGrant(grants._SEAL, person.id, document, label)

    def writable(self, person: Person, collection: str, purpose: Purpose = Purpose.OPERATIONS) -> WriteGrant:
        """Permission to add to a collection (name or id). NotFound unless the person may at least read it,
        Refused when they may read but not add."""
        labels = self._labels(collection)
        written = self._allowed(person, purpose, "write", labels)
        if written:
            identifier = next(label.collection for label in labels if label.digest in written)
            return WriteGrant(grants._SEAL, person.id, identifier)
        if any(self._allowed(person, each, "read", labels) for each in Purpose):
            raise Refused("you may read this collection but not add to it", "Ask your administrator for a write grant")
        raise NotFound("no such collection", "Ask your administrator for a grant if it should exist")

    def erase(self, person: Person, label: str, purpose: Purpose = Purpose.OPERATIONS) -> None:
        """Raise Refused unless a person may delete documents under this label. In a home whose policies know no such
        right, whoever may add to the collection may."""
        action = "erase" if "erase" in self.policies.rights else "write"
        if label not in self._allowed(person, purpose, action, self._labels(None)):
            raise Refused("you may not delete this document", "It may be under a legal hold, or you may only read it")

    def labelled(self, label: str, changes: dict[str, object]) -> tuple[str, dict[str, object]]:
        """The label, with its attributes, of a document under `label` that is told `changes` of its own.

        Raises UsageError for an attribute that is none, or that the policies in force know nothing of.
        """
        if unknown := sorted(changes.keys() & (set(ADDED_LATER) - self.policies.facts)):
            raise UsageError(
                f"the access policies of this home know nothing of {unknown[0]}",
                "Take it into policies/access/schema.cedarschema from the release, and have it approved",
            )
        with self._database.transaction() as connection:
            known = connection.execute(select(tables.label.c.attributes).where(tables.label.c.digest == label)).scalar()
        return changed_label(dict(known or {}), changes)

    def may_write(self, person: Person, collection: str) -> bool:
        """Whether a person may add to a collection."""
        try:
            self.writable(person, collection)
        except Refused:
            return False
        return True

    def reviewable(self, person: Person, purpose: Purpose) -> ReviewGrant:
        """The documents whose unsure spans this person may see and decide on; perhaps none."""
        labels = self._labels(None)
        allowed = self._allowed(person, purpose, "review", labels)
        return ReviewGrant(grants._SEAL, person.id, purpose, _whole(labels, allowed), allowed)

    def revealable(self, person: Person, purpose: Purpose, collection: str | None = None) -> RevealGrant:
        """The documents (of one collection, by name or id, if given) whose surrogates this person may see through and
        which they may read; perhaps none."""
        labels = self._labels(collection)
        seen = self._allowed(person, purpose, "reveal", labels) & self._allowed(person, purpose, "read", labels)
        whole = _whole(labels, seen)
        partly = frozenset(label.digest for label in labels if label.digest in seen and label.collection not in whole)
        return RevealGrant(grants._SEAL, person.id, purpose, whole, partly)

    def may_break_glass(self, person: Person) -> bool:
        """Whether grants for the purpose `emergency` would open something to a person who breaks the glass."""
        return bool(self._decided(person, Purpose.EMERGENCY, "read"))

    def _allowed(self, person: Person, purpose: Purpose, action: str, labels: list[LabelFacts]) -> frozenset[str]:
        """Labels on which a person may act. For the purpose `emergency`: none, unless the glass is broken."""
        if purpose is Purpose.EMERGENCY and not emergency.is_open(self._database, person.id, self._now()):
            return frozenset()
        decided = self._decided(person, purpose, action)
        return frozenset(label.digest for label in labels if label.digest in decided)

    def _decided(self, person: Person, purpose: Purpose, action: str) -> frozenset[str]:
        """Of all labels, those on which a person may act now; kept until something that decides it changes."""
        policies, now = self.policies, self._now().astimezone()
        circumstances = (policies.digest, person, purpose, action, now.hour, now.isoweekday())
        return self._known.get(
            circumstances,
            lambda: allowed_labels(
                policies, person, purpose, action,
                self._known.get(("labels", policies.digest), lambda: Labels(policies, self._labels(None))), now,
            ),
        )  # fmt: skip

    def may(self, person: Person, action: str) -> bool:
        """Whether a person may `administer`, `audit`, `approve` or `classify`."""
        return allowed_on_system(self.policies, person, action, self._now())

    def require(self, person: Person, action: str) -> None:
        """Raise Refused unless `may`."""
        if not self.may(person, action):
            raise Refused(f"this needs the right to {action}", "Ask an administrator of the appliance")

    def system_scope(self, reason: str) -> ReadableScope:
        """Everything, for the program's own work (evaluation, erasure check, rebuild). The caller records
        `reason` in the audit log before use."""
        labels = self._labels(None)
        return ReadableScope(
            seal=grants._SEAL,
            person="system",
            purpose=Purpose.OPERATIONS,
            labels=frozenset(label.digest for label in labels),
            collections=frozenset(label.collection for label in labels),
            policy_digest=self.policies.digest,
            reason=reason,
        )

    def system_write(self, collection: str, reason: str) -> WriteGrant:
        """Permission for the operating system's administrator to add to a collection; audited by the caller."""
        labels = self._labels(collection)
        if not labels:
            raise NotFound("no such collection", "Create it with `appliance collection create`")
        return WriteGrant(grants._SEAL, f"system:{reason}", labels[0].collection)

    def restrict(self, collection: str, attributes: dict[str, object]) -> tuple[str, dict[str, object]]:
        """Change what a collection (name or id) says of all its documents: `classification`, `compartments`,
        `consent_withdrawn`. Obeyed by the next question, for documents that are there already too. Returns the
        collection's id and all its attributes. Raises UsageError, NotFound."""
        check_attributes(attributes)
        with self._database.exclusive() as connection:
            known = (tables.collection.c.name == collection) | (tables.collection.c.id == collection)
            row = connection.execute(select(tables.collection).where(known)).one_or_none()
            if row is None:
                raise NotFound("no such collection", "See `appliance collection list`")
            changed = dict(row.attributes) | attributes
            mine = update(tables.collection).where(tables.collection.c.id == row.id)
            connection.execute(mine.values(attributes=changed))
        return row.id, changed

    def _labels(self, collection: str | None) -> list[LabelFacts]:
        """The facts of every label in use (of one collection), with the collection's grants filled in."""
        every, names = self._known.get("facts", lambda: every_label(self._database))
        if collection is None:
            return every
        identifier = names.get(collection, collection)
        return [label for label in every if label.collection == identifier]


def _whole(labels: list[LabelFacts], allowed: frozenset[str]) -> frozenset[str]:
    """The collections all of whose labels are among `allowed`."""
    denied = {label.collection for label in labels if label.digest not in allowed}
    return frozenset(label.collection for label in labels) - denied
