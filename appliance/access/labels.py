"""Access labels: the attributes that decide who may read a document, and what holds for them now.

A label is made when a document is added and names its collection, classification and compartments. A document that
is told apart (`appliance documents label`) gets a label of its own, which may also name groups that need to know,
consent withdrawn and a legal hold. What the collection says today counts as well: the higher classification, the
compartments of both, consent withdrawn, a legal hold, and the grants.
"""

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import select

from appliance.access.decisions import LabelFacts
from appliance.access.policies import EXTREMES
from appliance.access.rights import PRINCIPAL
from appliance.errors import UsageError
from appliance.storage import tables
from appliance.storage.database import Database

Kept = TypeVar("Kept")
MAX_KEPT = 4096
WATCHING_TRIGGERS = 9
COMPARTMENT = re.compile(r"\S{1,64}")
COLLECTIONS_TELL = frozenset({"classification", "compartments", "consent_withdrawn"})
DOCUMENTS_TELL = COLLECTIONS_TELL | {"need_to_know", "legal_hold"}
RIGHTS = {
    "readers": "read", "writers": "write", "identifiers": "identify", "revealers": "reveal", "reviewers": "review",
}  # fmt: skip


def label_digest(attributes: dict[str, object]) -> str:
    """The name of an access label: SHA-256 (hex, 32 digits) of its attributes as sorted JSON."""
    text = json.dumps(attributes, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def default_label(collection: str, attributes: dict[str, object]) -> tuple[str, dict[str, object]]:
    """The label of a document that has no attributes of its own: its collection's."""
    full: dict[str, object] = {
        "collection": collection,
        "classification": attributes.get("classification", 0),
        "compartments": sorted(attributes.get("compartments", [])),  # type: ignore[call-overload]
    }
    return label_digest(full), full


def changed_label(
    known: dict[str, object], changes: dict[str, object]
) -> tuple[str, dict[str, object]]:
    """The label of a document under a label with the attributes `known` that is told `changes` of its own: digest and
    attributes. Raises UsageError. What says nothing (no groups, no hold) is no attribute: equal labels are one."""
    check_attributes(changes, DOCUMENTS_TELL)
    told: dict[str, Any] = {**known, **changes}
    told |= {name: sorted(set(told.get(name) or ())) for name in ("compartments", "need_to_know")}
    bare = {name: value for name, value in told.items() if value or name in ("classification", "compartments")}
    return label_digest(bare), bare


def every_label(database: Database) -> tuple[list[LabelFacts], dict[str, str]]:
    """The facts of every label in use, and the ids of collections by name."""
    with database.transaction() as connection:
        collections = connection.execute(select(tables.collection)).all()
        grant_rows = connection.execute(select(tables.grant)).all()
        label_rows = connection.execute(select(tables.label)).all()
        held = select(tables.hold.c.target).where(tables.hold.c.kind == "collection", tables.hold.c.lifted.is_(None))
        holds = set(connection.execute(held).scalars())
    current: dict[str, dict[str, Any]] = {row.id: dict(row.attributes) for row in collections}
    attributes = {row.digest: row.attributes for row in label_rows if row.attributes.get("collection") in current}
    attributes |= dict(default_label(identifier, own) for identifier, own in current.items())
    holders: dict[tuple[str, str], set[str]] = {}
    for row in grant_rows:
        keys = {f"{row.principal}@{purpose}" for purpose in row.purposes or ["*"]}
        holders.setdefault((row.collection, row.right), set()).update(keys)
    frozen = {key: frozenset(value) for key, value in holders.items()}
    facts = [
        _facts(digest, own, current[own["collection"]], own["collection"] in holds, frozen)
        for digest, own in attributes.items()
    ]
    return facts, {row.name: row.id for row in collections}


def check_attributes(attributes: dict[str, object], known: frozenset[str] = COLLECTIONS_TELL) -> None:
    """Raise UsageError unless these are attributes that may be told, with values that policies can compute with."""
    level, parts = attributes.get("classification", 0), attributes.get("compartments", [])
    if unknown := attributes.keys() - known:
        raise UsageError(f"unknown attribute {min(unknown)}", f"Use {', '.join(sorted(known))}")
    if type(level) is not int or not EXTREMES[0] <= level <= EXTREMES[1]:
        raise UsageError(f"a classification is {EXTREMES[0]} to {EXTREMES[1]}", "Choose a number of that range")
    if not isinstance(parts, list) or not all(isinstance(e, str) and COMPARTMENT.fullmatch(e) for e in parts):
        raise UsageError("a compartment is 1 to 64 characters without spaces", "Choose another name")
    for name in ("consent_withdrawn", "legal_hold"):
        if not isinstance(attributes.get(name, False), bool):
            raise UsageError(f"{name} is true or false", "Choose one")
    for principal in attributes.get("need_to_know") or ():  # type: ignore[attr-defined]
        if not PRINCIPAL.fullmatch(principal):
            raise UsageError("who needs to know is user:LOGIN or group:NAME", "For example group:cardiology")


class Remembered:
    """What was made from collections, grants, labels and holds, until one of them changes.

    Triggers count every change up (migration 0004); where they are not all there, nothing is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._revision: tuple[int, ...] = ()
        self._lock = threading.Lock()
        self._watched = database.triggers("access_revision_") >= WATCHING_TRIGGERS

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What `make` made for `key` since the last change."""
        if not self._watched:
            return make()
        with self._database.transaction() as connection:
            holds = select(tables.hold.c.id, tables.hold.c.lifted).where(tables.hold.c.kind == "collection")
            revision = (
                connection.execute(select(tables.access_revision.c.revision)).scalar_one(),
                hash(tuple(map(tuple, connection.execute(holds)))),
            )
        with self._lock:
            if revision != self._revision:
                self._kept.clear()
                self._revision = revision
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: Kept = self._kept[key]
                return kept
        made = make()
        with self._lock:
            if revision == self._revision:
                self._kept[key] = made
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
        return made


def _facts(
    digest: str, own: dict[str, Any], now: dict[str, Any], held: bool, holders: dict[tuple[str, str], frozenset[str]]
) -> LabelFacts:
    collection = str(own["collection"])
    return LabelFacts(
        digest=digest,
        collection=collection,
        classification=max(int(own.get("classification", 0)), int(now.get("classification", 0))),
        compartments=frozenset(own.get("compartments", [])) | frozenset(now.get("compartments", [])),
        consent_withdrawn=bool(own.get("consent_withdrawn")) or bool(now.get("consent_withdrawn")),
        need_to_know=frozenset(own.get("need_to_know", [])),
        legal_hold=held or bool(own.get("legal_hold")),
        **{name: holders.get((collection, right), frozenset()) for name, right in RIGHTS.items()},
    )
