"""Our forward pass gives the vectors of the model, as another implementation of it has them."""

import json
import shutil
from pathlib import Path

import numpy as np

from appliance import weights
from appliance.search import bert
from appliance.search.embedding import MAX_TOKENS, Embedder

TEXTS = [
    "The alarm limit is 45 bpm.", "Warfarin is stopped five days before surgery unless the consultant says otherwise.",
    "x", "naïve café 12,500 µg", "The infusion pump is checked every four hours. " * 30,
]  # fmt: skip


def vectors(packs: Path, bfloat16: bool) -> np.ndarray:
    forward, size = bert.open_bert(weights.open_pack(packs, "all-minilm-l6-v2").folder, 1, MAX_TOKENS, bfloat16)
    return Embedder(forward, size, "test").encode(TEXTS)


def test_it_agrees_with_another_implementation_of_the_model(packs: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = weights.open_pack(packs, "all-minilm-l6-v2").folder
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    model.max_seq_length = MAX_TOKENS
    theirs = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    cosines = (vectors(packs, False) * theirs).sum(1)
    assert cosines.min() > 0.9999, cosines


def test_half_precision_changes_next_to_nothing(packs: Path) -> None:
    cosines = (vectors(packs, False) * vectors(packs, True)).sum(1)
    assert cosines.min() > 0.9998, cosines


def test_a_text_has_the_same_vector_beside_longer_ones(packs: Path) -> None:
    forward, _ = bert.open_bert(weights.open_pack(packs, "all-minilm-l6-v2").folder, 1, MAX_TOKENS, False)
    together, alone = forward(TEXTS), np.concatenate([forward([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-4


def test_a_model_of_another_shape_is_left_to_the_library(packs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    source = weights.open_pack(packs, "all-minilm-l6-v2").folder
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    assert bert.is_known(folder)
    for change in ({"model_type": "mpnet"}, {"position_embedding_type": "relative_key"}, {"hidden_act": "relu"}):
        config = json.loads((source / "config.json").read_text("utf-8")) | change
        (folder / "config.json").write_text(json.dumps(config))
        assert not bert.is_known(folder), change
    assert not bert.is_known(tmp_path / "missing")
