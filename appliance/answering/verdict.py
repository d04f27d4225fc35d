"""Yes or no: a verdict may only lead a sentence that bears it out.

No model of this size tells yes from no by the evidence alone (features of findings and their absence, tried on
PubMedQA: .51 balanced accuracy, no better than chance), so code never makes a verdict of its own. The language
model's "Yes" or "No" stays when the rest of its sentence was verified and points the way that the verdict says.
"""

import re

from appliance.answering.asking import understand
from appliance.answering.polarity import direction, negations_near, opposed_words, shared

_LEAD = re.compile(r"^\s*(yes|no)\b[\s,.:;!–-]*", re.IGNORECASE)


def asks_yes_or_no(question: str) -> bool:
    """True when the question asks for a verdict."""
    return understand(question).kind == "yes_no"


def led(sentence: str) -> tuple[str, str]:
    """A sentence as its verdict (`yes`, `no` or empty) and the rest; "No patient died" has no verdict."""
    match = _LEAD.match(sentence)
    if not match or not (re.search(r"[,.:;!–-]", match.group()) or match.end() == len(sentence)):
        return "", sentence
    rest = sentence[match.end() :].strip()
    return match.group(1).lower(), rest[:1].upper() + rest[1:]


def bears_out(said: str, rest: str, question: str) -> bool:
    """True when the statement `rest` points the way that `said` claims, seen from the question.

    A statement turned against the question (a negation, an opposite, the other direction) bears out a no; one
    that is not turned bears out a yes.
    """
    return turned(rest, question) == (said == "no")


def turned(statement: str, question: str) -> bool:
    """True when a statement says the opposite of what the question supposes."""
    both = shared(statement, question)
    negated = (negations_near(statement, both) > 0) != (negations_near(question, both) > 0)
    against = direction(statement, both) * direction(question, both) < 0 or opposed_words(question, statement) > 0
    return negated != against
