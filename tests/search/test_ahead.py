"""Vectors made while a document is still read are those that its chunks need, and a wrong guess is made anew."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from appliance.documents.document import Block, Document, Page
from appliance.redaction.findings import Finding, Findings, ScreenedDocument
from appliance.redaction.policy import load_profile
from appliance.redaction.redact import redact
from appliance.redaction.surrogates import EphemeralVault
from appliance.search.ahead import Ahead
from appliance.search.chunking import chunk
from appliance.search.embedding import Embedder, embedded_text
from appliance.settings import SHIPPED_POLICIES

PROFILE = load_profile(Path(SHIPPED_POLICIES), "strict")
SAID = "Nurse Orla Quimby wrote that the valve of pump {n} was opened and then closed again. "
NAME = (6, 17)


def embedder(asked: list[str]) -> Embedder:
    def forward(texts: Sequence[str]) -> np.ndarray:  # type: ignore[type-arg]
        asked.extend(texts)
        return np.ones((len(texts), 4), dtype=np.float32)

    return Embedder(forward, 4, "counting")


def document(pages: int) -> Document:
    blocks = tuple(Block(1 + n // 40, "paragraph", SAID.format(n=n)) for n in range(pages * 40))
    return Document("pdf", tuple(Page(n + 1, 600.0, 800.0) for n in range(pages)), blocks)


def findings(blocks: range) -> Findings:
    items = tuple(Finding(n, *NAME, "PERSON", 0.9, "test") for n in blocks)
    return Findings(items, PROFILE.name, PROFILE.digest)


def final_texts(whole: Document, found: Findings) -> list[str]:
    redacted = redact(whole, found, PROFILE, EphemeralVault(), name="pumps.pdf")
    return [embedded_text(piece) for piece in chunk(ScreenedDocument(redacted), "v")]


def test_most_chunks_have_their_vector_when_the_last_name_is_found() -> None:
    asked: list[str] = []
    whole = document(8)
    with Ahead(whole, PROFILE, "pumps.pdf", embedder(asked), {}) as ahead:
        for start in range(0, 320, 80):
            ahead.seen(findings(range(start, start + 80)), start + 80)
            ahead._beside.submit(lambda: None).result()
        made = ahead.vectors()
    texts = final_texts(whole, findings(range(320)))
    assert set(texts) == set(made) == set(asked), "no guess was wrong, none was missing"
    assert not any("Quimby" in text for text in asked)


def test_what_is_known_is_not_made_again_and_what_came_out_otherwise_is_not_used() -> None:
    asked: list[str] = []
    whole = document(4)
    texts = final_texts(whole, findings(range(160)))
    known = {text: np.zeros(4, dtype=np.float32) for text in texts}
    with Ahead(whole, PROFILE, "pumps.pdf", embedder(asked), known) as ahead:
        ahead.seen(findings(range(160)), 160)
        ahead._beside.submit(lambda: None).result()
        assert asked == []
        ahead.seen(Findings((), PROFILE.name, PROFILE.digest), 160)
    late = final_texts(whole, Findings((), PROFILE.name, PROFILE.digest))
    assert not set(late) & set(known)
