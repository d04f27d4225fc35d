"""Yes or no: what the evidence says to a question that asks for it, and how sure that is.

A verdict rests on the evidence alone: findings and their absence near the question's words, direction, and what
the passage ends with. The model (`weights/verdict.json`) is calibrated; below `SURE` no verdict is shown and the
quotations speak for themselves. The language model's own "Yes" or "No" is kept only when this agrees.
"""

import math
import re

from appliance.answering import linear
from appliance.answering.answer import Evidence, Question
from appliance.answering.asking import understand
from appliance.answering.polarity import direction, negations_near
from appliance.answering.sentences import split
from appliance.answering.words import stems

SURE = 0.7
"""Probability at which the verdict is shown by itself."""
AGREES = 0.5
"""Probability at which the language model's own verdict may stand."""

_LEAD = re.compile(r"^\s*(yes|no)\b[\s,.:;!–-]*", re.IGNORECASE)
_ABSENT = re.compile(
    r"\b(?:no|not|without|lack of|non)[- ](?:\w+ ){0,2}?(?:significant|significantly|differ\w*|associat\w*|correlat\w*|effect|"
    r"change|influence|predict\w*|improv\w*|relat\w*|increas\w*|reduc\w*|evidence|affect|benefit|allowed|permitted|required)"
    r"|\b(?:did|was|were|is|are|does|do|must|may|should|can) not\b|\bcannot\b|n\.?s\.?\b|\bsimilar\b|\bcomparable\b|\bneither\b"
    r"|\bfailed\b|\bp ?[>=] ?0?\.[1-9]|\bunchanged\b|\bno longer\b|\bprohibited\b|\bnever\b",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"\bsignificant(?:ly)?\b|\bp ?[<≤] ?0?\.0|\bassociated with\b|\bcorrelat\w+ with\b|\bpredict\w*\b|\bhigher\b|\blower\b|"
    r"\bincreased\b|\breduced\b|\bimproved\b|\beffective\b|\bsafe\b|\bfeasible\b|\bsuccessful\b|\bmust\b|\bmay\b|\ballowed\b|\brequired\b",
    re.IGNORECASE,
)


def asks_yes_or_no(question: str) -> bool:
    """True when the question asks for a verdict."""
    return understand(question).kind == "yes_no"


def led(sentence: str) -> tuple[str, str]:
    """A sentence as its verdict (`yes`, `no` or empty) and the rest."""
    match = _LEAD.match(sentence)
    if not match:
        return "", sentence
    rest = sentence[match.end() :].strip()
    return match.group(1).lower(), rest[:1].upper() + rest[1:]


def probability_of_yes(question: Question, evidence: Evidence) -> float:
    """The calibrated probability that the evidence says yes."""
    if not evidence.sentences:
        return 0.5
    texts = [sentence.text for sentence in evidence.sentences]
    ending = " ".join(split(evidence.sentences[0].passage.chunk.text)[-3:])
    return linear.load("verdict").probability(verdict_features(question.text, texts, ending))


def verdict_features(question: str, texts: list[str], ending: str) -> dict[str, float]:
    """Features of the best sentence, of all of them, and of how the best passage ends."""
    wanted = stems(question)
    features = {}
    for name, text in (("first", texts[0]), ("all", " ".join(texts)), ("ending", ending)):
        size = max(1.0, len(text.split()) / 25)
        absent, present = len(_ABSENT.findall(text)), len(_PRESENT.findall(text))
        features[f"absent_{name}"] = absent / size
        features[f"present_{name}"] = present / size
        features[f"balance_{name}"] = math.tanh(present - 2 * absent)
        features[f"negated_{name}"] = negations_near(text, wanted) / size
        both = direction(question) * direction(text, wanted)
        features[f"direction_{name}"] = float((both > 0) - (both < 0))
    return features


def verdict(question: Question, evidence: Evidence) -> tuple[str, float]:
    """(`yes`, `no` or empty, its probability): empty when the question asks for none or the evidence is not clear."""
    if not asks_yes_or_no(question.text):
        return "", 0.0
    yes = probability_of_yes(question, evidence)
    if max(yes, 1 - yes) < SURE:
        return "", max(yes, 1 - yes)
    return ("yes", yes) if yes >= SURE else ("no", 1 - yes)


def agrees(said: str, question: Question, evidence: Evidence) -> bool:
    """True when the evidence points the same way as the model's own `yes` or `no`."""
    yes = probability_of_yes(question, evidence)
    return (yes if said == "yes" else 1 - yes) >= AGREES
