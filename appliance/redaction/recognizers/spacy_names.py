"""spaCy as a Presidio NLP engine that loads a pack by path, runs only what names need, and never downloads.

Presidio's own engine runs `spacy download` when a model is missing and ends the process when that fails; it
also runs tagger, parser and lemmatizer, three quarters of the time, for context words that our recognizers
read themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from presidio_analyzer import RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from appliance.errors import Unavailable
from appliance.redaction.recognizers.base import ApplianceRecognizer, result

_TYPES = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "ORG": "ORGANIZATION",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
}
_UNUSED = ("tagger", "parser", "attribute_ruler", "lemmatizer", "senter", "tok2vec", "morphologizer")


def model_folder(folder: Path) -> Path:
    """The folder below `folder` that holds the spaCy model. Raises Unavailable when there is none."""
    for config in sorted(Path(folder).glob("**/config.cfg")):
        if (config.parent / "meta.json").is_file():
            return config.parent
    raise Unavailable("the spaCy pack is not installed", "Run `appliance models fetch`")


class PackNlpEngine(NlpEngine):  # type: ignore[misc]
    """Tokenizer and entity recognizer of one spaCy pack, for one language."""

    engine_name = "spacy_pack"

    def __init__(self, folder: Path, language: str = "en") -> None:
        self.folder = Path(folder)
        self.language = language
        self._nlp: Any = None

    def load(self) -> None:
        """Load the pack from its folder; raises Unavailable when it is missing or of another spaCy."""
        import spacy

        try:
            path = model_folder(self.folder)
            self._nlp = spacy.load(path, exclude=self._listening(path))
        except (OSError, ValueError) as error:
            raise Unavailable("the spaCy pack cannot be loaded", "Run `appliance models verify`") from error
        # Why: longer texts are cut into windows before they come here.
        self._nlp.max_length = 2_000_000

    @staticmethod
    def _listening(path: Path) -> list[str]:
        """Components that the entity recognizer does not need; `tok2vec` stays if it listens to it."""
        section = (path / "config.cfg").read_text("utf-8").partition("[components.ner.model.tok2vec]")[2][:120]
        return [name for name in _UNUSED if not (name == "tok2vec" and "Listener" in section)]

    def is_loaded(self) -> bool:
        """Whether `load` has run."""
        return self._nlp is not None

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Presidio's entry for one text."""
        return next(artifacts for _, artifacts in self.process_batch([text], language))

    def process_batch(  # type: ignore[no-untyped-def]
        self, texts: Iterable[str], language: str, batch_size: int = 64, n_process: int = 1, **kwargs
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Presidio's entry for many texts, in order."""
        if self._nlp is None:
            self.load()
        for doc in self._nlp.pipe(texts, batch_size=batch_size):
            yield doc.text, NlpArtifacts(list(doc.ents), doc, [], [], self, language)

    def is_stopword(self, word: str, language: str) -> bool:
        """Whether spaCy lists the word as a stop word."""
        return bool(self._nlp.vocab[word].is_stop)

    def is_punct(self, word: str, language: str) -> bool:
        """Whether the word is punctuation."""
        return bool(self._nlp.vocab[word].is_punct)

    def get_supported_entities(self) -> list[str]:
        """Types that `SpacyNameRecognizer` makes of the pack's labels."""
        return sorted(set(_TYPES.values()))

    def get_supported_languages(self) -> list[str]:
        """The one language of the pack."""
        return [self.language]


class SpacyNameRecognizer(ApplianceRecognizer):
    """People, organisations and places from the entities of `PackNlpEngine` (or of any spaCy engine)."""

    NAME = "spacy"
    TYPES = ("PERSON", "ORGANIZATION", "LOCATION")

    def spans(self, text: str, nlp_artifacts: Any = None) -> Sequence[RecognizerResult]:
        """The entities of `nlp_artifacts`; empty without artifacts."""
        found = []
        for entity in nlp_artifacts.entities if nlp_artifacts else ():
            type_ = _TYPES.get(entity.label_)
            if type_:
                found.append(result(type_, entity.start_char, entity.end_char, 0.6, self, entity.label_))
        return found
