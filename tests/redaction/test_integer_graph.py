"""The name detector computed with integers says what it says with the pack's own products; the pack is left alone."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from appliance.errors import Unavailable
from appliance.redaction.recognizers.integer_graph import (
    LARGEST,
    LARGEST_WITHOUT_VNNI,
    largest_weight,
    with_integer_products,
)
from appliance.redaction.recognizers.onnx_names import OnnxNameRecognizer

LINES = [
    "Please ask Oluwaseun Adeyemi-Brandt of 14 Harrow Lane, Leeds to sign before Friday.",
    "The pump is checked every twelve months and after a drop from more than one metre.",
    "Ms Kowalczyk told Dr Renata Featherstonehaugh that her brother Tobias lives in Gdynia.",
]


@pytest.fixture(scope="module")
def model(packs: Path) -> Path:
    return next((packs / "pii-rampart").glob("**/*.onnx"))


def probabilities(graph: bytes, folder: Path, line: str) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(next(folder.glob("**/tokenizer.json"))))
    tokenizer.no_padding()
    ids = np.array([tokenizer.encode(line).ids], dtype=np.int64)
    given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    logits = session.run(None, {each.name: given[each.name] for each in session.get_inputs()})[0][0]
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("largest", [LARGEST, LARGEST_WITHOUT_VNNI])
@pytest.mark.parametrize("line", LINES)
def test_every_token_keeps_its_label(model: Path, packs: Path, line: str, largest: int) -> None:
    exact = probabilities(model.read_bytes(), packs / "pii-rampart", line)
    integers = probabilities(with_integer_products(model.read_bytes(), largest), packs / "pii-rampart", line)
    assert (exact.argmax(axis=-1) == integers.argmax(axis=-1)).all()
    assert np.abs(exact - integers).max() < 0.35


def test_no_four_bit_product_is_left_and_all_else_is(model: Path) -> None:
    before = model.read_bytes()
    after = with_integer_products(before, LARGEST)
    assert before.count(b"MatMulNBits") > 30
    assert b"MatMulNBits" not in after
    assert after.count(b'"\x12LayerNormalization') == before.count(b'"\x12LayerNormalization') > 10
    assert with_integer_products(after, LARGEST) == after
    assert model.read_bytes() == before


def test_a_damaged_model_is_no_model(packs: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an ONNX model"):
        with_integer_products(b"\xff\xff\xff\xff not protobuf", LARGEST)
    for file in (packs / "pii-rampart").glob("**/*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"\xff\xff\xff\xff not protobuf")
    with pytest.raises(Unavailable, match="cannot be loaded"):
        OnnxNameRecognizer(tmp_path)


def test_weights_have_a_bit_less_where_the_processor_could_overflow(tmp_path: Path) -> None:
    for flags, expected in {"avx2 avx512_vnni": LARGEST, "avx_vnni": LARGEST, "avx2": LARGEST_WITHOUT_VNNI}.items():
        (tmp_path / "cpuinfo").write_text(f"flags : fpu {flags}\n")
        assert largest_weight(tmp_path / "cpuinfo") == expected
    assert largest_weight(tmp_path / "none") == LARGEST_WITHOUT_VNNI
    assert LARGEST_WITHOUT_VNNI * 255 * 2 < 2**15
