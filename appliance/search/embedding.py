"""Texts into vectors: all-MiniLM-L6-v2 and its like, from a verified pack on this machine.

Two kinds of pack: a sentence-transformers folder (`model.safetensors`; a BERT is computed by `bert.py`, others by
the library), or an ONNX graph of the same model (`model.onnx` with `tokenizer.json`), which starts in half a
second and needs no PyTorch. Nothing is fetched. Vectors are float32, unit length, so that a dot product is a cosine.
"""

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.errors import Unavailable
from appliance.search import bert
from appliance.search.chunk import Chunk
from appliance.settings import Settings
from appliance.weights import VerifiedPack, open_pack

MAX_TOKENS = 256
BATCH = 16

_SURROGATE = re.compile(r"\[([A-Z][A-Z_]*)(?::[A-Za-z0-9]+)?\]")
_NEUTRAL = {
    "PERSON": "a person", "PATIENT": "the patient", "NAME": "a person", "DATE": "a date", "DATE_TIME": "a date",
    "DATE_OF_BIRTH": "a date of birth", "AGE": "an age", "ADDRESS": "an address", "LOCATION": "a place",
    "ORGANIZATION": "an organisation", "ORGANISATION": "an organisation", "EMAIL": "an e-mail address",
    "EMAIL_ADDRESS": "an e-mail address", "PHONE": "a phone number", "PHONE_NUMBER": "a phone number",
    "MRN": "a record number", "ACCOUNT": "an account number", "IBAN": "an account number",
    "IBAN_CODE": "an account number", "CARD": "a card number", "CREDIT_CARD": "a card number",
    "US_SSN": "a social security number", "SSN": "a social security number", "URL": "a web address",
    "IP_ADDRESS": "a network address",
}  # fmt: skip


def neutral(text: str) -> str:
    """`text` with each surrogate replaced by words an embedding understands: `[PERSON:k7f2m4qa]`, "a person"."""
    return _SURROGATE.sub(lambda match: _NEUTRAL.get(match[1]) or "a " + match[1].lower().replace("_", " "), text)


def embedded_text(chunk: Chunk) -> str:
    """What of a chunk is embedded: title, section path and text, surrogates made neutral."""
    return neutral(lexical_text(chunk))


def lexical_text(chunk: Chunk) -> str:
    """What of a chunk is matched by words: title, section path and text."""
    over = above(chunk)
    return f"{over}\n{chunk.text}" if over else chunk.text


def above(chunk: Chunk) -> str:
    """Title and section path, a line each."""
    return "\n".join(line for line in dict.fromkeys((chunk.title, *chunk.section)) if line)


class Embedder:
    """Turns texts into vectors of `dimensions` numbers. Thread-safe, as `forward` must be."""

    def __init__(self, forward: Callable[[Sequence[str]], NDArray[np.float32]], dimensions: int, name: str) -> None:
        self._forward = forward
        self.dimensions = dimensions
        self.name = name

    @classmethod
    def open(cls, pack: VerifiedPack, threads: int = 2, tokenizer: VerifiedPack | None = None) -> "Embedder":
        """Load the model of `pack`. `tokenizer` is the pack whose `tokenizer.json` an ONNX pack without one uses.

        Raises Unavailable when the pack holds no model of a known format.
        """
        graph = next(iter(sorted(pack.folder.glob("*.onnx"))), None)
        if graph is not None:
            return _open_onnx(graph, (tokenizer or pack).path("tokenizer.json"), pack.name, threads)
        if (pack.folder / "model.safetensors").is_file() and bert.is_known(pack.folder):
            forward, dimensions = bert.open_bert(pack.folder, threads, MAX_TOKENS)
            return cls(forward, dimensions, pack.name)
        if (pack.folder / "model.safetensors").is_file():
            return _open_sentence_transformers(pack, threads)
        raise Unavailable(f"the pack {pack.name} holds no embedding model", "Set embedding_pack to one that does")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of `texts`, in their order: shape (len(texts), dimensions). Batches are sorted by length."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            vectors[batch] = self._forward([texts[i] for i in batch])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def open_embedder(settings: Settings) -> Embedder:
    """The embedder of the setting `embedding_pack`, its files checked by digest first (invariant I6)."""
    pack = open_pack(settings.packs, settings.embedding_pack)
    tokenizer = open_pack(settings.packs, pack.pack.needs[0]) if pack.pack.needs else None
    return Embedder.open(pack, settings.threads_in_use, tokenizer)


def _open_sentence_transformers(pack: VerifiedPack, threads: int) -> Embedder:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(
        str(pack.folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
    )
    model.max_seq_length = min(MAX_TOKENS, model.max_seq_length or MAX_TOKENS)
    one = threading.Lock()

    def forward(texts: Sequence[str]) -> NDArray[np.float32]:
        with one:
            vectors = model.encode(list(texts), batch_size=len(texts), show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    return Embedder(forward, int(model.get_embedding_dimension() or 0), pack.name)


def _open_onnx(graph: Path, tokenizer: Path, name: str, threads: int) -> Embedder:
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session: Any = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    words = Tokenizer.from_file(str(tokenizer))
    words.enable_truncation(MAX_TOKENS)
    words.enable_padding()
    wanted = {entry.name for entry in session.get_inputs()}

    def forward(texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = words.encode_batch(list(texts))
        mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
        feeds = {
            "input_ids": np.array([item.ids for item in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        tokens = session.run(None, {name: value for name, value in feeds.items() if name in wanted})[0]
        weights = mask[:, :, None].astype(np.float32)
        return np.asarray((tokens * weights).sum(1) / np.maximum(weights.sum(1), 1), dtype=np.float32)

    return Embedder(forward, int(session.get_outputs()[0].shape[-1]), name)
