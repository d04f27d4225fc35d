"""A cross-encoder that a site brings is checked by digest, loaded without network or code, and orders the passages."""

from pathlib import Path

import pytest

from appliance import settings, weights
from appliance.assembly.engines import brought
from appliance.errors import IntegrityFailure, Unavailable, UsageError
from appliance.search.chunk import Chunk, Passage
from appliance.search.cross_encoder import CrossEncoderReranker
from tests.tiny_models import classifier

TEXTS = ("the dose is five milligrams", "the ward is on the second floor", "red cells are given in four hours")


def passages() -> list[Passage]:
    return [
        Passage(Chunk(str(n), n, text, "", (), ()), "d", "v", "c", "l", 0.0, {"fused": 1 - n / 10})
        for n, text in enumerate(TEXTS)
    ]


def packs(tmp_path: Path, labels: int = 1) -> settings.Settings:
    folder = classifier(tmp_path / "model", labels)
    weights.import_pack(tmp_path / "packs", folder, "tiny-cross-encoder", "reranking", "Apache-2.0")
    return settings.load(tmp_path, packs=tmp_path / "packs")


def test_it_is_used_when_present_and_orders_by_its_own_score(tmp_path: Path) -> None:
    pack = brought(packs(tmp_path), "reranking", "")
    assert pack is not None
    reranker = CrossEncoderReranker.open(pack)
    ranked = reranker.rerank("how much is given", passages())
    scores = [passage.features["cross_encoder"] for passage in ranked]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3
    assert {passage.chunk.id for passage in ranked} == {"0", "1", "2"}
    again = reranker.rerank("how much is given", list(reversed(passages())))
    assert [passage.chunk.id for passage in again] == [passage.chunk.id for passage in ranked]
    assert reranker.rerank("nothing", []) == []


def test_what_it_does_not_read_stays_behind_in_the_default_order(tmp_path: Path) -> None:
    pack = brought(packs(tmp_path), "reranking", "")
    assert pack is not None
    ranked = CrossEncoderReranker(CrossEncoderReranker.open(pack)._model, read=2).rerank("dose", passages())
    assert ranked[2].chunk.id == "2"
    assert "cross_encoder" not in ranked[2].features


def test_a_classifier_of_several_labels_is_no_reranker(tmp_path: Path) -> None:
    pack = brought(packs(tmp_path, labels=3), "reranking", "")
    assert pack is not None
    with pytest.raises(Unavailable, match="no reranker"):
        CrossEncoderReranker.open(pack)


def test_none_is_none_and_another_use_or_changed_bytes_are_refused(tmp_path: Path) -> None:
    chosen = packs(tmp_path)
    assert brought(chosen, "reranking", "none") is None
    assert brought(chosen, "nli", "") is None
    with pytest.raises(UsageError):
        brought(chosen, "nli", "tiny-cross-encoder")
    file = tmp_path / "packs" / "tiny-cross-encoder" / "model.safetensors"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(IntegrityFailure):
        brought(chosen, "reranking", "")
