"""Vectors of texts, and what of a text is embedded."""

import numpy as np
import pytest

from appliance.errors import IntegrityFailure
from appliance.search.chunk import Chunk
from appliance.search.embedding import Embedder, embedded_text, lexical_text, neutral, open_embedder
from appliance.settings import Settings


def test_vectors_have_unit_length_and_keep_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = ["dose of warfarin", "visiting hours " * 30, "", "the dose of the drug warfarin"]
    vectors = embedder.encode(texts)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = embedder.encode([texts[1]])[0]
    assert float(vectors[1] @ alone) == pytest.approx(1, abs=1e-4)
    assert vectors[0] @ vectors[3] > vectors[0] @ vectors[1]


def test_no_text_gives_no_vector(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 384)


def test_a_surrogate_is_embedded_as_a_neutral_word_and_matched_as_itself() -> None:
    chunk = Chunk("id", 0, "[PERSON:k7f2m4qa] came on [DATE:abcd2345] to [MOON_BASE:zzzz2222].", "T", ("A", "T"), ())
    assert embedded_text(chunk) == "T\nA\na person came on a date to a moon base."
    assert "k7f2m4qa" in lexical_text(chunk)


def test_two_people_embed_the_same(embedder: Embedder) -> None:
    first, second = embedder.encode([neutral(f"[PERSON:{who}] was discharged") for who in ("k7f2m4qa", "zz33qq77")])
    assert np.array_equal(first, second)


def test_a_model_with_one_byte_changed_is_not_loaded(packs, tmp_path) -> None:  # type: ignore[no-untyped-def]
    import shutil

    shutil.copytree(packs / "all-minilm-l6-v2", tmp_path / "all-minilm-l6-v2")
    file = tmp_path / "all-minilm-l6-v2" / "model.safetensors"
    with file.open("r+b") as weights:
        weights.seek(1_000_000)
        byte = weights.read(1)
        weights.seek(1_000_000)
        weights.write(bytes([byte[0] ^ 1]))
    with pytest.raises(IntegrityFailure):
        open_embedder(Settings(packs=tmp_path))
