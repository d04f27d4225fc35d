"""The models' readings of a version's pages, sealed under the version's key: its next version reads what changed only.

The key of the digests changes with the packs and with the program, so nothing is taken over that another model or
another preparation of the text made. Erasing the version erases its readings.
"""

import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from sqlalchemy import delete, select

from appliance.documents.document import Document
from appliance.documents.versions import scope_of
from appliance.errors import IntegrityFailure, NotFound
from appliance.redaction.readings import Made, Readings, Span
from appliance.settings import Settings
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import read_page
from appliance.weights import manifests

WORTH_CHARACTERS = 20_000
"""Of a document, below which reading it again costs less than keeping what was read."""


class PageReadings:
    """The readings of one home. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing, settings: Settings) -> None:
        self._database = database
        self._keys = keys
        packs = (manifests.pack(name, settings.packs) for name in (settings.spacy_pack, settings.ner_pack))
        self._made_by = "/".join((version("appliance"), *(manifests.digest(pack) for pack in packs)))

    def before(self, collection: str, shown: str | None, document: Document) -> Readings | None:
        """What is known from `shown`, the version published now, if there is one. None where the document is too short
        to be worth it."""
        if sum(len(block.text) for block in document.blocks) < WORTH_CHARACTERS:
            return None
        made = Readings(self._keys.mac(f"collection/{collection}", f"readings\0{self._made_by}".encode()))
        if shown is None:
            return made
        with self._database.transaction() as connection:
            rows = connection.execute(select(read_page).where(read_page.c.version == shown)).all()
        known: dict[str, tuple[Span, ...]] = {}
        for row in rows:
            try:
                plain = self._keys.unseal(scope_of(shown), row.findings_sealed, _context(row.page))
            except (NotFound, IntegrityFailure):
                continue  # it is read anew
            known |= {digest: tuple(map(tuple, spans)) for digest, spans in json.loads(plain)}
        return Readings(made.key, known)

    def put(self, owner: str, document: Document, before: Readings, made: Sequence[Made]) -> None:
        """Keep what was made of each page of a version, replacing what it had."""
        pages: dict[int, list[tuple[str, object]]] = {}
        for block, digest, spans in made:
            if block < len(document.blocks):  # what follows is the document's name
                pages.setdefault(document.blocks[block].page, []).append((digest, spans))
        digests = _digests(document, before)
        rows = [
            {
                "version": owner, "page": page, "text_mac": digests[page],
                "findings_sealed": self._keys.seal(scope_of(owner), json.dumps(found).encode(), _context(page)),
            }
            for page, found in sorted(pages.items())
        ]  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(delete(read_page).where(read_page.c.version == owner))
            if rows:
                connection.execute(read_page.insert(), rows)

    def delete(self, owner: str) -> None:
        """Remove the readings of a version."""
        with self._database.transaction() as connection:
            connection.execute(delete(read_page).where(read_page.c.version == owner))


def _digests(document: Document, readings: Readings) -> dict[int, str]:
    """The keyed digest of each page's text, by page number."""
    texts: dict[int, list[str]] = {}
    for block in document.blocks:
        texts.setdefault(block.page, []).append(block.text)
    return {page: readings.digest("page", _joined(parts)) for page, parts in texts.items()}


def _joined(parts: Iterable[str]) -> str:
    return "\0".join(parts)


def _context(page: int) -> bytes:
    return f"readings/{page}".encode()
