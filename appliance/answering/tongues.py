"""Which language a question is in, where that is not the English that the models read best: said with an abstention.

Questions are short, so their question words count beside the function words of `redaction.language`.
"""

import re

from appliance.redaction.language import ASKING, language_of

NAMES = {
    "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese", "nl": "Dutch",
    "other": "another script",
}  # fmt: skip
_ENGLISH_WORDS = "the of is are what when where who how which does can must may should for to many much"
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")


def foreign(question: str) -> str:
    """The name of the question's language if it seems not to be English; empty otherwise."""
    found = language_of(question)
    if found == "other":
        return NAMES["other"]
    words = _WORD.findall(question.casefold())
    if not words or any(word in _ENGLISH for word in words):
        return ""
    if found in NAMES:
        return NAMES[found]
    votes = {code: sum(word in asking.split() for word in words) for code, asking in ASKING.items()}
    best = max(votes, key=lambda code: votes[code])
    return NAMES[best] if votes[best] >= 1 and list(votes.values()).count(votes[best]) == 1 else ""
