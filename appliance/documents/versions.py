"""What the catalog says of one version of a document."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Row

from appliance.documents.document import Box, Page
from appliance.errors import NotFound
from appliance.storage.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document as catalogued. `title` is redacted; empty until it is indexed."""

    id: str
    document: str
    collection: str
    label: str
    kind: str
    bytes: int
    status: str
    reason: str
    title: str
    pages: int
    chunks: int
    entities: dict[str, int]
    profile: str
    profile_digest: str
    created: str
    published: str | None


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a viewer needs to know of a version's pages: sizes in points, and what is black on them."""

    pages: tuple[Page, ...]
    blackout: dict[int, tuple[Box, ...]] = field(default_factory=dict)


class Redacted(Protocol):
    """What the catalog keeps of a redacted document, which is made on a floor above."""

    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def pages(self) -> tuple[Page, ...]: ...
    @property
    def blackout(self) -> dict[int, tuple[Box, ...]]: ...
    @property
    def counts(self) -> dict[str, int]: ...
    @property
    def profile_digest(self) -> str: ...


def scope_of(identifier: str) -> str:
    """The key ring's scope of a version: title, page facts, page images and chunks."""
    return f"version/{identifier}"


def version_of(row: Row[Any], keys: KeyRing) -> Version:
    """A row of the table, its title unsealed; without title when its key was destroyed."""
    title = ""
    if row.title_sealed is not None:
        try:
            title = keys.unseal(scope_of(row.id), row.title_sealed, b"title").decode()
        except NotFound:
            title = ""
    return Version(
        row.id, row.document, row.collection, row.label, row.kind, row.bytes, row.status, row.reason, title,
        row.pages, row.chunks, dict(row.entities), row.profile, row.profile_digest, row.created, row.published,
    )  # fmt: skip
