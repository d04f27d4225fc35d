"""A model of natural language inference beside the verifier, where a site has brought one (pack of use `nli`).

It reads evidence and sentence together. What it finds contradicted is not shown, whatever else spoke for it; what it
finds entailed is shown if nothing but too little support spoke against it: numbers, names and polarity still decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from appliance.answering.verification import Verification
from appliance.errors import Unavailable
from appliance.weights import VerifiedPack

CONTRADICTED = 0.5
ENTAILED = 0.9
MAX_TOKENS = 512
UNSUPPORTED = "not supported"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Probabilities that evidence entails a sentence, and that it contradicts it."""

    entailed: float
    contradicted: float


class Entailment:
    """An NLI classifier in this process."""

    def __init__(self, model: Any, tokenizer: Any, entails: int, contradicts: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._entails = entails
        self._contradicts = contradicts

    @classmethod
    def open(cls, pack: VerifiedPack) -> "Entailment":
        """Load a pack's sequence classifier, whose labels must name entailment and contradiction.

        Raises Unavailable when it cannot be loaded or its labels name something else.
        """
        from safetensors import SafetensorError
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(pack.folder), **options)
            model: Any = AutoModelForSequenceClassification.from_pretrained(
                str(pack.folder), use_safetensors=True, **options
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise Unavailable(f"the NLI model {pack.name} cannot be loaded", "Verify the pack") from error
        names = {str(label).lower(): int(number) for number, label in model.config.id2label.items()}
        entails = next((number for name, number in names.items() if name.startswith("entail")), None)
        contradicts = next((number for name, number in names.items() if name.startswith("contra")), None)
        if entails is None or contradicts is None:
            raise Unavailable(f"the labels of {pack.name} name no entailment and contradiction", "Import an NLI model")
        model.eval()
        return cls(model, tokenizer, entails, contradicts)

    def judge(self, evidence: str, sentence: str) -> Judgement:
        """Whether `evidence` (redacted) entails or contradicts `sentence`."""
        import torch

        encoded = self._tokenizer(
            evidence, sentence, truncation="only_first", max_length=MAX_TOKENS, return_tensors="pt"
        )
        with torch.inference_mode():
            shares = self._model(**encoded).logits.softmax(-1)[0]
        return Judgement(float(shares[self._entails]), float(shares[self._contradicts]))


def weigh(verdict: Verification, sentence: str, texts: Sequence[str], model: Entailment) -> Verification:
    """The verifier's verdict with the NLI model's beside it, on the cited evidence or, where none is, on all."""
    cited = [texts[index] for index in verdict.cites] or list(texts)
    found = model.judge(" ".join(cited), sentence)
    if found.contradicted >= CONTRADICTED:
        reasons = tuple(dict.fromkeys((*verdict.reasons, "contradicted")))
        return replace(verdict, supported=False, support=min(verdict.support, 1 - found.contradicted), reasons=reasons)
    if verdict.reasons == (UNSUPPORTED,) and verdict.cites and found.entailed >= ENTAILED:
        return replace(verdict, supported=True, support=max(verdict.support, found.entailed), reasons=())
    return verdict
