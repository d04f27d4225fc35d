"""Vectors of the chunks that a long document will probably have, made while the rest of it is still read for names.

What has been found so far is taken out of the blocks read so far, in memory alone; their chunks are embedded beside
the detection. The document's real chunks, made when all is found, take a vector from here if their very text has one.
So a guess that was wrong costs time and nothing else: a name that is found at the end changes the text, and the text
that it changes is embedded anew.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType

from appliance.documents.document import Document
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import Profile
from appliance.redaction.redact import redact
from appliance.redaction.surrogates import EphemeralVault
from appliance.search.chunking import expected
from appliance.search.embedding import Embedder, embedded_text
from appliance.search.index import Vector


class Ahead:
    """Embeds one document's chunks as its blocks are seen. `known` has vectors by text that need not be made."""

    def __init__(
        self, document: Document, profile: Profile, name: str, embedder: Embedder, known: Mapping[str, Vector]
    ) -> None:
        self._document = document
        self._profile = profile
        self._name = name
        self._embedder = embedder
        self._vectors = dict(known)
        self._items: list[Finding] = []
        self._beside = ThreadPoolExecutor(1, "ahead")

    def seen(self, findings: Findings, blocks: int) -> None:
        """The first `blocks` blocks have been read, and this was found in those that are new."""
        self._items += findings.items
        self._beside.submit(self._embed, replace(findings, items=tuple(self._items)), blocks)

    def vectors(self) -> dict[str, Vector]:
        """Vectors by the text that was embedded, the known ones too; what is not begun is left."""
        self._beside.shutdown(wait=True, cancel_futures=True)
        return self._vectors

    def _embed(self, findings: Findings, blocks: int) -> None:
        part = replace(
            self._document, blocks=tuple(replace(block, words=()) for block in self._document.blocks[:blocks])
        )
        redacted = redact(part, findings, self._profile, EphemeralVault(), name=self._name)
        whole = blocks >= len(self._document.blocks)
        texts = [embedded_text(chunk) for chunk in expected(redacted, whole=whole)]
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors |= dict(zip(new, self._embedder.encode(new), strict=True)) if new else {}

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.vectors()
