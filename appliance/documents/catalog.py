"""The catalog: documents, their versions, and which one version of a document is visible.

    received -> indexed -> published -> retired
        \\-> quarantined, failed                 any -> deleting -> gone (`deletion`)

A version is visible while it is `published`, and only then. Publishing is one transaction that shows the new
version and retires the old. Every step may be repeated. Titles and page facts are sealed under
`version/<id>`; names and contents are known by keyed digests of their collection only.
"""

import json
import secrets
from collections.abc import Callable, Iterable
from collections.abc import Collection as AnyOf
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from appliance.documents.collections import Collection, Collections
from appliance.documents.deletion import DELETING, Deletions
from appliance.documents.document import Original, Page
from appliance.documents.labelling import Labelling
from appliance.documents.narrowing import Narrowing, matching
from appliance.documents.versions import PageFacts, Redacted, Version, scope_of, version_of
from appliance.documents.work import UNFINISHED
from appliance.errors import ApplianceError, NotFound
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import document, relabelled, version

__all__ = ["Catalog", "Collection", "PageFacts", "Version"]

ARRIVAL_SECONDS = 30.0
OnSwitch = Callable[[Connection, str, str], None]
"""Told of a version id and its label inside the transaction that publishes or retires it."""


class Catalog:
    """The catalog of one home. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys
        self.collections = Collections(database, keys)
        self.deletions = Deletions(database)
        self.labelling = Labelling(database)

    def collection(self, key: str) -> Collection:
        """A collection by id or name. Raises NotFound."""
        return self.collections.get(key)

    def add_label(self, digest: str, attributes: dict[str, Any]) -> None:
        """Make an access label known; again is no change."""
        self.collections.add_label(digest, attributes)

    def receive(
        self, collection: Collection, label: str, original: Original, profile: str, profile_digest: str, *,
        place: str = "", document: str = "",
    ) -> tuple[Version, bool]:  # fmt: skip
        """The version for an original, and whether there is work to do on it. `place` is what the document is known
        by instead of its name, for files of a folder; `document` says whose version it is without asking names.

        The same content under the same label and profile is the version that is there: published, waiting
        for a reviewer, or being worked on; one that failed is taken up again. Other content under the same
        name is a new version of that document, even when a document of another name has that content; it bears the
        label that the document has, whatever `label` says.
        """
        content = self.content_mac(collection.id, original.sha256)
        name = self.name_mac(collection.id, place or original.name)
        with self._database.exclusive() as connection:
            if not self.collections.exists(connection, collection.id):
                raise NotFound("no such collection", "It was deleted meanwhile")
            owner = document or _document(connection, collection.id, name)
            label = self.labelling.of(connection, owner) or label
            known = _same_content(connection, collection.id, content, label, profile_digest, owner)
            if known is not None and known.status != "failed":
                return self._version(known), False
            if known is not None:
                _set(connection, known.id, status="received", reason="", tries=0, vanished=0, due=_soon())
                return self._version(_row(connection, known.id)), True
            owner = owner or _new_document(connection, collection.id, name)
            made = secrets.token_hex(16)
            row = {
                "id": made,
                "document": owner,
                "collection": collection.id,
                "label": label,
                "content_mac": content,
                "kind": original.kind,
                "bytes": len(original.content),
                "status": "received",
                "entities": {},
                "profile": profile,
                "profile_digest": profile_digest,
                "created": _after_last(connection, owner),
                "due": _soon(),
            }
            connection.execute(insert(version).values(row))
            return self._version(_row(connection, made)), True

    def mark_indexed(self, identifier: str, redacted: Redacted, chunks: int) -> str:
        """The version's chunks are durable in store and index. The label that they must bear there by now. Raises
        ApplianceError when it was closed."""
        facts = {
            "pages": [[page.number, page.width, page.height, page.ocr] for page in redacted.pages],
            "blackout": {str(number): boxes for number, boxes in redacted.blackout.items()},
        }
        with self._database.exclusive() as connection:
            row = _row(connection, identifier)
            if row.status not in UNFINISHED:
                raise ApplianceError("the version is no longer being worked on", "Ingest the document again")
            _set(
                connection,
                identifier,
                status="indexed",
                kind=redacted.kind,
                title_sealed=self._keys.seal(scope_of(identifier), redacted.title.encode("utf-8", "replace"), b"title"),
                facts_sealed=self._keys.seal(scope_of(identifier), json.dumps(facts).encode(), b"facts"),
                pages=len(redacted.pages),
                chunks=chunks,
                entities=redacted.counts,
                profile_digest=redacted.profile_digest,
            )
        return str(row.label)

    def publish(
        self, identifier: str, *, on_publish: OnSwitch | None = None, on_retire: OnSwitch | None = None
    ) -> bool:
        """Show an indexed version and retire the one shown before, in one transaction.

        False, and nothing is done, when it is shown already. A version that was overtaken by a newer one of
        its document is retired instead. Raises ApplianceError when it is not indexed. The callbacks run
        inside the transaction, once for each switch.
        """
        with self._database.exclusive() as connection:
            row = _row(connection, identifier)
            if row.status in ("published", "retired"):
                return False
            if row.status != "indexed":
                raise ApplianceError("only an indexed version can be published", "Ingest the document again")
            query = select(version).where(version.c.document == row.document, version.c.status == "published")
            shown = connection.execute(query).all()
            if any(other.created > row.created for other in shown):
                _set(connection, identifier, status="retired", reason="overtaken by a newer version")
                return False
            for other in shown:
                _set(connection, other.id, status="retired")
                if on_retire:
                    on_retire(connection, other.id, other.label)
            _set(connection, identifier, status="published", reason="", published=_now().isoformat())
            if on_publish:
                on_publish(connection, identifier, row.label)
        return True

    def fail(self, identifier: str, reason: str) -> None:
        """The version cannot be read. `reason` holds no text of it. What is published stays published."""
        self._close(identifier, "failed", reason)

    def quarantine(self, identifier: str, reason: str) -> None:
        """The version waits for a person. `reason` holds no text of it. What is published stays published."""
        self._close(identifier, "quarantined", reason)

    def release(self, identifier: str, profile_digest: str = "") -> None:
        """Take a quarantined version up again, after a reviewer's decision or under another text of its profile:
        it becomes unfinished work."""
        with self._database.exclusive() as connection:
            row = _row(connection, identifier)
            if row.status != "quarantined":
                raise ApplianceError("the version is not in quarantine", "See the status of the document")
            digest = profile_digest or row.profile_digest
            _set(connection, identifier, status="received", reason="", profile_digest=digest)

    def outdated(self, collection: str, profile_digest: str) -> list[Version]:
        """Versions of a collection that are published or wait for a person, and were redacted under another text
        of its profile than this one; oldest first. Those of documents whose newer version is under way are left
        out."""
        query = select(version).where(version.c.collection == collection).order_by(version.c.created.desc())
        newest: dict[str, Row[Any]] = {}
        with self._database.transaction() as connection:
            for row in connection.execute(query.where(version.c.status.not_in(("retired", "failed")))):
                newest.setdefault(row.document, row)
            found = [row for row in newest.values() if row.profile_digest != profile_digest]
            return [self._version(row) for row in reversed(found) if row.status in ("published", "quarantined")]

    def take_back(self, identifier: str) -> str:
        """Make a version unfinished work again, invisible until it is done: its chunks were lost. Its label, whose
        statistics are wrong until they are counted anew."""
        with self._database.exclusive() as connection:
            row = _row(connection, identifier)
            if row.status in ("published", "indexed", "received"):
                _set(connection, identifier, status="received", reason="")
            elif row.status == "retired":
                _set(connection, identifier, chunks=0)
            return str(row.label)

    def before(self, identifier: str) -> str | None:
        """The version of the same document that is published now, if any."""
        with self._database.transaction() as connection:
            own = select(version.c.document).where(version.c.id == identifier).scalar_subquery()
            shown = select(version.c.id).where(version.c.document == own, version.c.status == "published")
            return connection.execute(shown).scalar()

    def forget_key(self, identifier: str) -> None:
        """Destroy the key that a late writer made again for a version that was deleted."""
        self._keys.destroy(scope_of(identifier))

    def hidden_versions(self, labels: AnyOf[str] | None = None) -> frozenset[str]:
        """Ids of every version that search must not show, as of one moment; of `labels` only, when given: whoever may
        not read the others must not learn from the time of an answer how many there are."""
        hidden = version.c.status != "published"
        if labels is not None:
            hidden &= version.c.label.in_(sorted(labels))
        query = select(version.c.id).where(hidden | version.c.id.in_(select(relabelled.c.version)))
        with self._database.transaction() as connection:
            return frozenset(connection.execute(query).scalars())

    def labels_of(self, versions: Iterable[str]) -> dict[str, str]:
        """The access label that each of these versions has now; those that are gone or going are left out."""
        query = select(version.c.id, version.c.label).where(version.c.id.in_(sorted(set(versions))))
        with self._database.transaction() as connection:
            return {row.id: row.label for row in connection.execute(query.where(version.c.status != DELETING))}

    def visible(self, identifier: str) -> bool:
        """Whether a version is published; False for one that does not exist."""
        with self._database.transaction() as connection:
            status = connection.execute(select(version.c.status).where(version.c.id == identifier)).scalar()
        return status == "published"

    def unfinished(self) -> list[Version]:
        """Versions whose work was cut off, oldest first."""
        with self._database.transaction() as connection:
            query = select(version).where(version.c.status.in_(UNFINISHED)).order_by(version.c.created)
            return [self._version(row) for row in connection.execute(query)]

    def version(self, identifier: str) -> Version:
        """One version. Raises NotFound."""
        with self._database.transaction() as connection:
            return self._version(_row(connection, identifier))

    def page_facts(self, identifier: str) -> PageFacts:
        """Sizes and black boxes of a version's pages. Raises NotFound until it is indexed."""
        with self._database.transaction() as connection:
            sealed = _row(connection, identifier).facts_sealed
        if sealed is None:
            raise NotFound("no such document")
        facts = json.loads(self._keys.unseal(scope_of(identifier), sealed, b"facts"))
        blackout = {int(number): tuple(tuple(box) for box in boxes) for number, boxes in facts["blackout"].items()}
        return PageFacts(tuple(Page(*page) for page in facts["pages"]), blackout)

    def matching(self, to: Narrowing, labels: AnyOf[str]) -> frozenset[str]:
        """Ids of the published versions under `labels` that a narrowing leaves."""
        with self._database.transaction() as connection:
            return matching(connection, to, labels)

    def published_days(self, versions: Iterable[str]) -> dict[str, str]:
        """The day (ISO 8601, UTC) on which each of these versions was published."""
        query = select(version.c.id, version.c.published).where(version.c.id.in_(sorted(set(versions))))
        with self._database.transaction() as connection:
            return {row.id: (row.published or "")[:10] for row in connection.execute(query)}

    def documents(self, collections: Iterable[str] | None, labels: AnyOf[str] | None = None) -> list[Version]:
        """Versions of these collections (None: of any) that are not retired, newest first; of `labels` only, when
        given."""
        query = select(version).where(version.c.status != "retired").order_by(version.c.created.desc())
        if collections is not None:
            query = query.where(version.c.collection.in_(sorted(set(collections))))
        if labels is not None:
            query = query.where(version.c.label.in_(sorted(labels)))
        with self._database.transaction() as connection:
            return [self._version(row) for row in connection.execute(query)]

    def profile_digests(self, versions: Iterable[str]) -> frozenset[str]:
        """Digests of the redaction profiles that these versions were redacted under."""
        with self._database.transaction() as connection:
            query = select(version.c.profile_digest).where(version.c.id.in_(sorted(set(versions)))).distinct()
            return frozenset(connection.execute(query).scalars())

    def _close(self, identifier: str, status: str, reason: str) -> None:
        with self._database.exclusive() as connection:
            if _row(connection, identifier).status in (*UNFINISHED, "quarantined", "failed"):
                _set(connection, identifier, status=status, reason=reason)

    def name_mac(self, collection: str, place: str) -> str:
        """What a document is known by: the keyed digest of its name, or of its path below a folder."""
        return self._mac(collection, "name", place)

    def content_mac(self, collection: str, sha256: str) -> str:
        """What a content is known by: the keyed digest of its SHA-256 in hexadecimal."""
        return self._mac(collection, "content", sha256)

    def _mac(self, collection: str, what: str, value: str) -> str:
        return self._keys.mac(f"collection/{collection}", f"{what}\0{value}".encode("utf-8", "surrogatepass")).hex()

    def _version(self, row: Row[Any]) -> Version:
        return version_of(row, self._keys)


def _row(connection: Connection, identifier: str) -> Row[Any]:
    row = connection.execute(select(version).where(version.c.id == identifier)).first()
    if row is None:
        raise NotFound("no such document")
    return row


def _document(connection: Connection, collection: str, name_mac: str) -> str | None:
    same = (document.c.collection == collection) & (document.c.name_mac == name_mac)
    return connection.execute(select(document.c.id).where(same)).scalar()


def _new_document(connection: Connection, collection: str, name_mac: str) -> str:
    made = secrets.token_hex(16)
    row = {"id": made, "collection": collection, "name_mac": name_mac, "created": _now().isoformat()}
    connection.execute(insert(document).values(row))
    return made


def _same_content(
    connection: Connection, collection: str, content_mac: str, label: str, profile_digest: str, owner: str | None
) -> Row[Any] | None:
    """The version that has this content already: of the document `owner`, else, unless it failed, of any."""
    query = select(version).where(
        version.c.collection == collection,
        version.c.content_mac == content_mac,
        version.c.label == label,
        version.c.profile_digest == profile_digest,
        version.c.status.not_in(("retired", DELETING)),
    )
    query = query.where(version.c.document == owner) if owner else query.where(version.c.status != "failed")
    return connection.execute(query.order_by(version.c.status == "failed", version.c.created.desc())).first()


def _set(connection: Connection, identifier: str, **values: Any) -> None:
    connection.execute(update(version).where(version.c.id == identifier).values(values))


def _after_last(connection: Connection, owner: str) -> str:
    """Now, or a moment after the document's last version: `created` orders versions even if clocks do not."""
    query = select(version.c.created).where(version.c.document == owner).order_by(version.c.created.desc())
    last = connection.execute(query).scalar()
    now = _now()
    if last is not None and datetime.fromisoformat(last) >= now:
        now = datetime.fromisoformat(last) + timedelta(microseconds=1)
    return now.isoformat(timespec="microseconds")


def _soon() -> str:
    """When others may take up what has just come in: its receiver has that long to put the original down."""
    return (_now() + timedelta(seconds=ARRIVAL_SECONDS)).isoformat(timespec="microseconds")


def _now() -> datetime:
    return datetime.now(UTC)
