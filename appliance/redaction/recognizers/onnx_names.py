"""Names and addresses from an ONNX token classifier (the pack `pii-rampart`: a 6-layer BERT, int4, 17 types).

Text is read in windows of at most 480 characters, the length its publisher measured it at. Its products are computed
with integers (`integer_graph`), scaled by what is read together: so windows are read one by one, and a text is found
to hold the same whatever stands beside it. That costs a seventh more than batches of four.
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import regex
from presidio_analyzer import RecognizerResult

from appliance.errors import Unavailable
from appliance.redaction.recognizers.base import ApplianceRecognizer, result
from appliance.redaction.recognizers.integer_graph import largest_weight, with_integer_products

if TYPE_CHECKING:
    from tokenizers import Encoding

WINDOW = 480
OVERLAP = 64
MAX_TOKENS = 512
_TYPES = {
    "GIVEN_NAME": "PERSON",
    "SURNAME": "PERSON",
    "EMAIL": "EMAIL_ADDRESS",
    "PHONE": "PHONE_NUMBER",
    "URL": "URL",
    "TAX_ID": "ID",
    "BANK_ACCOUNT": "ACCOUNT_NUMBER",
    "ROUTING_NUMBER": "ACCOUNT_NUMBER",
    "GOVERNMENT_ID": "ID",
    "PASSPORT": "ID",
    "DRIVERS_LICENSE": "ID",
    "BUILDING_NUMBER": "LOCATION",
    "STREET_NAME": "LOCATION",
    "SECONDARY_ADDRESS": "LOCATION",
    "CITY": "LOCATION",
    "STATE": "LOCATION",
    "ZIP_CODE": "LOCATION",
}
_USED = frozenset({"PERSON", "LOCATION"})
_WORD_CHARACTER = regex.compile(r"[\w'-]")
_BETWEEN = {"PERSON": regex.compile(r"[ .,'-]{0,3}"), "LOCATION": regex.compile(r"[ ,.\n#-]{0,4}")}


class Piece(NamedTuple):
    """A run of tokens with one label in one text."""

    start: int
    end: int
    label: str
    score: float


def windows(text: str) -> Iterable[tuple[int, str]]:
    """(offset, window) of overlapping windows, cut at white space where there is some."""
    start = 0
    while start < len(text):
        end = min(len(text), start + WINDOW)
        if end < len(text):
            cut = max(text.rfind("\n", start + WINDOW // 2, end), text.rfind(" ", start + WINDOW // 2, end))
            end = cut if cut > start else end
        yield start, text[start:end]
        if end >= len(text):
            return
        start = max(end - OVERLAP, start + 1)
        space = text.find(" ", start, end)
        start = space + 1 if space >= 0 else start


class OnnxNameRecognizer(ApplianceRecognizer):
    """See the module. `folder` holds `*.onnx`, `tokenizer.json` and `config.json`, at any depth."""

    NAME = "pii-rampart"
    TYPES = ("PERSON", "LOCATION")

    def __init__(self, folder: Path, threads: int = 1, supported_language: str = "en") -> None:
        self._folder, self._threads = Path(folder), threads
        self._lock = threading.Lock()
        super().__init__(supported_language)

    def load(self) -> None:
        """Open tokenizer and session; raises Unavailable when a file is missing or damaged."""
        import onnxruntime
        from tokenizers import Tokenizer

        model = next(iter(sorted(self._folder.glob("**/*.onnx"))), None)
        tokenizer = next(iter(sorted(self._folder.glob("**/tokenizer.json"))), None)
        config = next(iter(sorted(self._folder.glob("**/config.json"))), None)
        if not (model and tokenizer and config):
            raise Unavailable("the name detector's pack is not installed", "Run `appliance models fetch`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Why: spinning threads steal the second core from spaCy.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            graph = with_integer_products(model.read_bytes(), largest_weight())
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except ValueError as error:
            raise Unavailable("the name detector's pack cannot be loaded", "Run `appliance models verify`") from error
        self._inputs = {each.name for each in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        labels = json.loads(config.read_text("utf-8"))["id2label"]
        self._labels = [labels[str(index)] for index in range(len(labels))]

    def spans(self, text: str, nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """People and places of one text."""
        return self.find_many([text])[0]

    def find_many(self, texts: Sequence[str]) -> list[list[RecognizerResult]]:
        """People and places of many texts, each read in windows."""
        pieces: list[list[Piece]] = [[] for _ in texts]
        cut = [
            (index, offset, window)
            for index, text in enumerate(texts)
            for offset, window in windows(text)
            if window.strip()
        ]
        encodings = self._tokenizer.encode_batch([window for _, _, window in cut])
        for (index, offset, _), encoding in zip(cut, encodings, strict=True):
            pieces[index].extend(
                piece._replace(start=piece.start + offset, end=piece.end + offset) for piece in self._classify(encoding)
            )
        return [self._entities(text, found) for text, found in zip(texts, pieces, strict=True)]

    def _classify(self, encoding: "Encoding") -> Iterator[Piece]:
        import numpy as np

        ids = np.array([encoding.ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        given = {name: value for name, value in feed.items() if name in self._inputs}
        logits = self._session.run(None, given)[0][0]
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probabilities = shifted / shifted.sum(axis=-1, keepdims=True)
        best, scores = probabilities.argmax(axis=-1), probabilities.max(axis=-1)
        for position, (start, end) in enumerate(encoding.offsets):
            label = self._labels[best[position]]
            if label != "O" and end > start:
                yield Piece(start, end, label[2:], float(scores[position]))

    def _entities(self, text: str, pieces: list[Piece]) -> list[RecognizerResult]:
        """Join tokens into words and words into names and addresses."""
        joined: list[tuple[int, int, str, float, int]] = []
        for piece in sorted(pieces):
            type_ = _TYPES.get(piece.label, "")
            if type_ not in _USED:
                continue
            if joined:
                start, end, previous, score, count = joined[-1]
                if previous == type_ and (piece.start <= end or _BETWEEN[type_].fullmatch(text, end, piece.start)):
                    joined[-1] = (start, max(end, piece.end), type_, score + piece.score, count + 1)
                    continue
            joined.append((piece.start, piece.end, type_, piece.score, 1))
        found = []
        for start, end, type_, score, count in joined:
            while start > 0 and _WORD_CHARACTER.match(text[start - 1]) and _WORD_CHARACTER.match(text[start]):
                start -= 1
            while end < len(text) and _WORD_CHARACTER.match(text[end]) and _WORD_CHARACTER.match(text[end - 1]):
                end += 1
            found.append(result(type_, start, end, round(score / count, 3), self, "token classifier"))
        return found
