"""The appliance's recognizers in plain Presidio code. Run: python docs/examples/presidio_recognizers.py

1. Single recognizers: checked patterns with context, in a registry beside anybody's own.
2. The whole detector as one recognizer: names too, from model packs whose digests were checked.
3. Redaction of a text under a profile, with surrogates that mean nothing after this run.

Nothing here downloads anything or opens a connection.
"""

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

from appliance.redaction import (
    Detector,
    DocumentRecognizer,
    EphemeralVault,
    NoNlpEngine,
    all_recognizers,
    load_profile,
    redact_text,
)
from appliance.settings import load

LETTER = (
    "Dear Dr Lindqvist, thank you for seeing Mrs Maria Okafor (MRN 00482913, born 14 March 1951). "
    "Her IBAN is GB82 WEST 1234 5698 7654 32; she takes warfarin 5 mg."
)


def main() -> dict[str, object]:
    # 1. single recognizers
    registry = RecognizerRegistry(recognizers=all_recognizers(), supported_languages=["en"])
    patterns = AnalyzerEngine(registry=registry, nlp_engine=NoNlpEngine(), supported_languages=["en"])
    for found in patterns.analyze(LETTER, language="en"):
        print(f"{found.entity_type:15} {found.score:.2f} {LETTER[found.start : found.end]}")

    # 2. the whole detector
    settings = load()
    detector, profile = Detector.open(settings.packs), load_profile(settings.policies, "strict")
    whole = RecognizerRegistry(recognizers=[DocumentRecognizer(detector, profile)], supported_languages=["en"])
    analyzer = AnalyzerEngine(registry=whole, nlp_engine=NoNlpEngine(), supported_languages=["en"])
    results = analyzer.analyze(LETTER, language="en")

    # 3. redaction
    text, entities = redact_text(LETTER, detector.find_text(LETTER, profile), profile, EphemeralVault())
    print(text)
    return {"patterns": patterns.analyze(LETTER, language="en"), "results": results, "text": text, "entities": entities}


if __name__ == "__main__":
    main()
