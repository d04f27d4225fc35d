"""What composition and verification have made of a question so far, and what of it is the answer."""

from appliance.answering import calculation, citations, composition, doubt, verification
from appliance.answering.answer import Evidence, Question, VerifiedAnswer, VerifiedSentence
from appliance.answering.engines.engine import Engine
from appliance.settings import Settings

ALONE = "the quotations stand alone"


class Composed:
    """What composition and verification have made so far."""

    def __init__(self, found: Evidence) -> None:
        self.found = found
        self.engine: Engine | None = None
        self.drafts: composition.Composition | None = None
        self.asked: Question | None = None
        self.verdicts: list[tuple[str, verification.Verification, bool]] = []
        self.warnings: list[str] = []
        self.reason = ""
        """Why the model wrote nothing, or not all: for the record."""

    def compute(self, question: str) -> VerifiedSentence | None:
        """The calculation that the question asks for, where a quoted row holds its operands; then no model is asked."""
        made = calculation.calculate(question, [sentence.text for sentence in self.found.sentences])
        if made is None:
            return None
        index, sentence = made[0], made[1].sentence
        self.verdicts.append((sentence, verification.Verification(True, 1.0, (index,)), True))
        return VerifiedSentence(sentence, (index + 1,), 1.0, "composed")

    def stands_alone(self, reason: str, told: str) -> None:
        """Note that the model is not to be had: the reader is told, the record says why."""
        self.reason = reason
        shown = any(shown for _, _, shown in self.verdicts)
        self.warnings.append(f"{told}: {'the answer ends here' if shown else ALONE}")

    def may_say(self, verdict: verification.Verification, settings: Settings) -> bool:
        """Whether a sentence with this verdict may be shown."""
        return doubt.may_say(verdict, self.found.probability, settings.sure_above)

    def says(self, sentence: str) -> bool:
        """Whether a sentence shown already says the same, word for word."""
        return any(shown and told.casefold() == sentence.casefold() for told, _, shown in self.verdicts)

    def is_doubtful(self, settings: Settings) -> bool:
        """Whether the evidence is no answer after all. A model that was stopped does not decide."""
        if self.drafts is not None and self.drafts.outcome == "stopped":
            return False
        silent = self.drafts is None and not self.verdicts
        said = None if silent else sum(shown for _, _, shown in self.verdicts)
        return doubt.is_doubtful(self.found.probability, said, settings.abstain_below, settings.sure_above)

    def verified(self) -> VerifiedAnswer:
        """The sentences shown, citing the quotations by their number; the quotations where there are none."""
        floor = citations.quotations(self.found)
        dropped = sum(not shown for _, _, shown in self.verdicts)
        sentences = tuple(
            VerifiedSentence(text, tuple(sorted(index + 1 for index in verdict.cites)), verdict.support, "composed")
            for text, verdict, shown in self.verdicts
            if shown
        )
        return VerifiedAnswer(sentences or floor.sentences, floor.citations, dropped, self.found.probability)
