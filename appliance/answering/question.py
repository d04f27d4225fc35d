"""The question as typed: is it a question at all, and does it try to steer the model?

Leaves names to `appliance.redaction`, which turns them into surrogates.
"""

import re
import unicodedata

from appliance.errors import TooLarge, UsageError
from appliance.redaction.instructions import INVISIBLE, question_signals

_ADVICE = "Ask in words, for example: What is the maximum daily dose?"
_JOINERS = re.compile("(?<=[^\\W\\d_a-zA-Z])[\u200c\u200d](?=[^\\W\\d_a-zA-Z])")


def check(text: str, limit: int) -> str:
    """The question, cleaned: NFC, control and bidirectional characters removed, white space collapsed.

    `limit` is in characters, of the text as it came. Raises TooLarge above it, UsageError when no letter or
    digit is left: empty, blank, control characters only, punctuation or emoji only.
    """
    if len(text) > limit:
        raise TooLarge(f"the question has {len(text):,} characters, at most {limit:,} are accepted", "Ask more briefly")
    if not text.strip():
        raise UsageError("the question is empty", _ADVICE)
    joiners = {match.start() for match in _JOINERS.finditer(text)}
    kept = "".join(c if i in joiners else " " if c.isspace() else "" if _unseen(c) else c for i, c in enumerate(text))
    cleaned = " ".join(unicodedata.normalize("NFC", kept).split())
    if not any(c.isalnum() for c in cleaned):
        raise UsageError("the question holds no letters or digits", _ADVICE)
    return cleaned


def attack_signals(text: str) -> tuple[str, ...]:
    """Names of the signs that this question tries to steer or to leak; a signal for the record, no verdict."""
    return question_signals(text)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") or bool(INVISIBLE.match(character))
