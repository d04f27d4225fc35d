"""Asking of some documents only: those named, of some kinds, or published within some days."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from sqlalchemy import Connection, select

from appliance.documents.document import DocumentKind
from appliance.errors import UsageError
from appliance.storage.tables import version

MOST_DOCUMENTS = 200


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a question is narrowed to, all of it together; empty fields narrow nothing.

    `since` and `until` are days (ISO 8601, UTC), both included, of the version's publication.
    """

    documents: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def __bool__(self) -> bool:
        return bool(self.documents or self.kinds or self.since or self.until)

    def as_json(self) -> dict[str, Any]:
        """The fields that narrow something."""
        told = {"documents": list(self.documents), "kinds": list(self.kinds), "since": self.since, "until": self.until}
        return {name: value for name, value in told.items() if value}


def narrowing(
    documents: Collection[str] = (), kinds: Collection[str] = (), since: str = "", until: str = ""
) -> Narrowing:
    """A checked narrowing. Raises UsageError for a kind or a day that is none, or more than 200 documents."""
    unknown = sorted(set(kinds) - set(get_args(DocumentKind)))
    if unknown:
        raise UsageError(
            f"there is no kind of document {unknown[0][:20]}", f"Use one of {', '.join(get_args(DocumentKind))}"
        )
    if len(documents) > MOST_DOCUMENTS:
        raise UsageError(f"a question is narrowed to more than {MOST_DOCUMENTS} documents", "Narrow by kind or date")
    for day in (since, until):
        try:
            if day:
                date.fromisoformat(day)
        except ValueError as error:
            raise UsageError(f"{day[:20]} is no day", "Write it as 2026-01-31") from error
    return Narrowing(tuple(dict.fromkeys(documents)), tuple(dict.fromkeys(kinds)), since, until)


def matching(connection: Connection, to: Narrowing, labels: Collection[str]) -> frozenset[str]:
    """Ids of the published versions under `labels` that `to` leaves. A foreign document leaves nothing, as does
    one that does not exist."""
    query = select(version.c.id).where(version.c.status == "published", version.c.label.in_(sorted(labels)))
    if to.documents:
        query = query.where(version.c.document.in_(to.documents))
    if to.kinds:
        query = query.where(version.c.kind.in_(to.kinds))
    if to.since:
        query = query.where(version.c.published >= to.since)
    if to.until:
        query = query.where(version.c.published < f"{to.until}U")  # sorts after every time of that day
    return frozenset(connection.execute(query).scalars())
