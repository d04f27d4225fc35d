"""The whole detector as one Presidio recognizer: what the single recognizers cannot do alone comes with it.

Resolution of overlaps, evidence against names, names found again in the whole document. For an `AnalyzerEngine`
that runs nothing else, `NoNlpEngine` spares a second reading by spaCy; the detector reads with its own packs.

    registry = RecognizerRegistry(recognizers=[DocumentRecognizer(detector, profile)], supported_languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=NoNlpEngine(), supported_languages=["en"])
"""

from collections.abc import Iterable, Iterator
from typing import Any

from presidio_analyzer import AnalysisExplanation, EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from appliance.redaction.detection import Detector
from appliance.redaction.policy import Profile


class DocumentRecognizer(EntityRecognizer):  # type: ignore[misc]
    """Everything that `detector` finds under `profile`, with the profile's own scores and restrictions."""

    def __init__(self, detector: Detector, profile: Profile) -> None:
        self._detector = detector
        self._profile = profile
        super().__init__(
            supported_entities=sorted(profile.acts_on), name="appliance", supported_language="en", version="1"
        )

    def load(self) -> None:
        """Nothing: the detector is open."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Findings of `entities` in `text`; empty `entities` means all. Raises Quarantined when a detector fails."""
        found = self._detector.find_text(text, self._profile)
        return [
            RecognizerResult(
                entity_type=item.type,
                start=item.start,
                end=item.end,
                score=item.score,
                analysis_explanation=AnalysisExplanation(
                    recognizer=item.recognizer,
                    original_score=item.score,
                    textual_explanation="; ".join(each.reason for each in item.evidence if each.reason),
                ),
            )
            for item in found.items
            if not entities or item.type in entities
        ]


class NoNlpEngine(NlpEngine):  # type: ignore[misc]
    """An engine that reads nothing, for an analyzer whose recognizers bring their own."""

    def load(self) -> None:
        """Nothing to load."""

    def is_loaded(self) -> bool:
        """Always."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """No tokens, no entities."""
        return NlpArtifacts([], [], [], [], self, language)  # type: ignore[arg-type]

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Each text with no tokens."""
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        """Never."""
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """Never."""
        return False

    def get_supported_entities(self) -> list[str]:
        """None."""
        return []

    def get_supported_languages(self) -> list[str]:
        """English, which the detector reads."""
        return ["en"]
