"""The transformers engine keeps the contract on a model built here, and loads neither pickles nor code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.answering.engines.engine import EngineInfo
from appliance.answering.engines.huggingface import HuggingFaceEngine
from appliance.errors import IntegrityFailure, Unavailable
from tests.answering.engines.engine_contract import EngineContract

INFO = EngineInfo("tiny", "test", 256)
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|"
    "assistant|>{% endif %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with random weights, in safetensors, and a tokenizer trained on a few sentences."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    target = tmp_path_factory.mktemp("tiny-llama")
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>"]
    words.train_from_iterator(
        ["Name the colour of the sky on a clear day.", "Answer in one short sentence."],
        trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet),
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(target)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=16384, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(target, safe_serialization=True)
    return target


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[HuggingFaceEngine]:
    opened = HuggingFaceEngine.open(folder, INFO, threads=2, context_tokens=1024)
    yield opened
    opened.close()


class TestHuggingFace(EngineContract):
    pass


def test_refuses_a_folder_with_pickled_weights(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(IntegrityFailure, match="pickled"):
        HuggingFaceEngine.open(tmp_path, INFO, threads=1, context_tokens=128)


def test_refuses_a_folder_without_safetensors(tmp_path: Path) -> None:
    with pytest.raises(IntegrityFailure, match="safetensors"):
        HuggingFaceEngine.open(tmp_path, INFO, threads=1, context_tokens=128)


def test_runs_no_code_from_the_folder(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    ran = tmp_path / "ran"
    (tmp_path / "evil.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    config = (tmp_path / "config.json").read_text()
    config = config.replace(
        '"model_type": "llama"',
        '"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}',
    )
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(Unavailable):
        HuggingFaceEngine.open(tmp_path, INFO, threads=1, context_tokens=128)
    assert not ran.exists()


def test_says_what_to_do_about_damaged_weights(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00 truncated")
    with pytest.raises(Unavailable) as raised:
        HuggingFaceEngine.open(tmp_path, INFO, threads=1, context_tokens=128)
    assert raised.value.advice
