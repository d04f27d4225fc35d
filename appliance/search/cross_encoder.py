"""A cross-encoder as the reranker, where a site has brought one as a pack (use `reranking`, safetensors).

It reads question and passage together, so it is slow: it orders the best of the default reranker, and the rest stays
behind. A passage keeps the default reranker's score, on which the decision to abstain was fitted; the
cross-encoder's own is the feature `cross_encoder`, 0 to 1.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from appliance.errors import Unavailable
from appliance.search.chunk import Passage
from appliance.search.embedding import embedded_text, neutral
from appliance.search.reranking import FeatureReranker, Reranker
from appliance.weights import VerifiedPack

READ = 16
"""Passages that the cross-encoder reads for a question."""
MAX_TOKENS = 384


class CrossEncoderReranker:
    """See `Reranker`. Thread-safe: the model is only read."""

    def __init__(self, model: Any, first: Reranker | None = None, read: int = READ) -> None:
        self._model = model
        self._first = first or FeatureReranker()
        self._read = read

    @classmethod
    def open(cls, pack: VerifiedPack) -> "CrossEncoderReranker":
        """Load a pack's sequence classifier of one label. Nothing is fetched, no code of the pack is run.

        Raises Unavailable when it cannot be loaded or has more than one label.
        """
        from safetensors import SafetensorError
        from sentence_transformers import CrossEncoder

        if not (pack.folder / "model.safetensors").is_file():
            raise Unavailable(f"the pack {pack.name} holds no model.safetensors", "Import a cross-encoder's folder")
        try:
            model = CrossEncoder(
                str(pack.folder), max_length=MAX_TOKENS, device="cpu", local_files_only=True, trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )  # fmt: skip
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise Unavailable(f"the cross-encoder {pack.name} cannot be loaded", "Verify the pack") from error
        if model.num_labels != 1:
            raise Unavailable(f"the pack {pack.name} tells {model.num_labels} classes apart, it is no reranker")
        return cls(model)

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """See `Reranker.rerank`; equal scores stand in the order of the default."""
        ordered = self._first.rerank(question, passages)
        near, rest = ordered[: self._read], ordered[self._read :]
        if not near:
            return rest
        pairs = [(neutral(question), embedded_text(passage.chunk)) for passage in near]
        logits = self._model.predict(pairs, batch_size=self._read, activation_fn=_identity, show_progress_bar=False)
        scored = [
            (float(logit), replace(p, features={**p.features, "cross_encoder": 1 / (1 + math.exp(-float(logit)))}))
            for logit, p in zip(logits, near, strict=True)
        ]
        return [passage for _, passage in sorted(scored, key=lambda pair: -pair[0])] + rest


def _identity(logits: Any) -> Any:
    return logits
