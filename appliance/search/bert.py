"""The forward pass of a BERT encoder with mean pooling, in PyTorch alone: what all-MiniLM-L6-v2 and its like are.

Devlin and others, "BERT: Pre-training of Deep Bidirectional Transformers", 2019; pooling as in Reimers and Gurevych,
"Sentence-BERT", 2019. The libraries that usually do this take many seconds and 150 MB to import. Where the processor
multiplies bfloat16 in hardware, the matrices are kept in it, sums and norms stay float32: twice as fast, cosine to
float32 0.9999 or more.
"""

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MATRICES = ("query", "key", "value", "dense")
Forward = Callable[[Sequence[str]], NDArray[np.float32]]


def is_known(folder: Path) -> bool:
    """Whether the model in `folder` is one that this file computes: BERT, absolute positions, mean pooling alone."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    modes = [name for name, on in pooling.items() if name.startswith("pooling_mode_") and on is True]
    return (
        config.get("model_type") == "bert"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and config.get("hidden_act") == "gelu"
        and (modes == ["pooling_mode_mean_tokens"] or pooling.get("pooling_mode") == "mean")
        and (folder / "tokenizer.json").is_file()
    )


ALONE = 1024
"""Tokens up to which one thread is as fast as several, and leaves the other processors to other questions."""


def multiplies_bfloat16() -> bool:
    """Whether this processor does, in hardware."""
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8").partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def open_bert(folder: Path, threads: int, max_tokens: int, bfloat16: bool | None = None) -> tuple[Forward, int]:
    """The forward pass of the model in `folder`, whose files were checked, and its dimensions.

    `bfloat16` of None asks the processor.
    """
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text("utf-8"))
    kind = torch.bfloat16 if (multiplies_bfloat16() if bfloat16 is None else bfloat16) else torch.float32
    stored = load_file(folder / "model.safetensors")
    weights = {name.removeprefix("bert."): value.float() for name, value in stored.items() if value.is_floating_point()}
    for name, value in weights.items():
        if name.split(".")[-2] in MATRICES and ".layer." in name:
            weights[name] = value.to(kind)
    words = Tokenizer.from_file(os.fspath(folder / "tokenizer.json"))
    words.enable_truncation(min(max_tokens, int(config["max_position_embeddings"])))
    words.no_padding()
    tokenizing = threading.Lock()

    def forward(texts: Sequence[str]) -> NDArray[np.float32]:
        with tokenizing:
            encoded = words.encode_batch(list(texts))
        texts_of = [each.ids for each in encoded]
        lengths = torch.tensor([len(ids) for ids in texts_of])
        torch.set_num_threads(threads if int(lengths.sum()) > ALONE else 1)
        with torch.inference_mode():
            hidden, row = _encode(torch, weights, config, kind, texts_of, lengths)
            pooled = torch.zeros(len(lengths), hidden.shape[1]).index_add_(0, row, hidden) / lengths[:, None]
        return np.asarray(pooled.numpy(), dtype=np.float32)

    return forward, int(config["hidden_size"])


def _encode(
    torch: Any, weights: dict[str, Any], config: dict[str, Any], kind: Any, texts: list[list[int]], lengths: Any
) -> tuple[Any, Any]:
    """Hidden states of the last layer, (tokens of all texts, dimensions), float32; and each token's text.

    The tokens of all texts stand one after another; only attention, where texts must not see each other, pads them.
    """
    functional = torch.nn.functional
    size, heads, epsilon = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]
    count, longest = len(texts), int(lengths.max())
    row = torch.repeat_interleave(torch.arange(count), lengths)
    position = torch.cat([torch.arange(len(ids)) for ids in texts])
    place = row * longest + position
    visible = torch.zeros(count * longest, dtype=torch.bool)
    visible[place] = True
    visible = visible.view(count, 1, 1, longest)

    def norm(name: str, value: Any) -> Any:
        return functional.layer_norm(value, (size,), weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)

    def linear(name: str, value: Any) -> Any:
        return functional.linear(value, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def apart(value: Any) -> Any:
        padded = torch.zeros(count * longest, size, dtype=value.dtype)
        padded[place] = value
        return padded.view(count, longest, heads, -1).transpose(1, 2)

    embedded = weights["embeddings.word_embeddings.weight"][torch.tensor([id for ids in texts for id in ids])]
    embedded = embedded + weights["embeddings.position_embeddings.weight"][position]
    embedded = embedded + weights["embeddings.token_type_embeddings.weight"][0]
    hidden = norm("embeddings.LayerNorm", embedded)
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        given = hidden.to(kind)
        query, key, value = (
            apart(linear(f"{layer}.attention.self.{part}", given)) for part in ("query", "key", "value")
        )
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        seen = seen.transpose(1, 2).reshape(count * longest, size)[place]
        hidden = norm(f"{layer}.attention.output.LayerNorm", hidden + linear(f"{layer}.attention.output.dense", seen))
        inner = functional.gelu(linear(f"{layer}.intermediate.dense", hidden.to(kind)))
        hidden = norm(f"{layer}.output.LayerNorm", hidden + linear(f"{layer}.output.dense", inner))
    return hidden, row
