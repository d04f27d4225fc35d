"""A follow-up made standalone: "and for children?" after a question about a dose is a question about that dose.

Done by rules on the words of the question before, so that it works with any model or none, can be shown to the
asker ("understood as"), and brings in nothing but words that the same person asked with.

1. A question that stands alone stays as it is.
2. A pronoun becomes the topic of the question before.
3. A phrase with a preposition takes the place of the phrase with that preposition, or is added.
4. Another phrase takes the place of the phrase most like it in meaning, or is added.
5. A bare question word, or "and ...", is asked about the topic.
"""

import re
from collections.abc import Callable

import numpy as np

from appliance.answering.words import SURROGATE, stems

Embed = Callable[[list[str]], np.ndarray]

ALIKE = 0.2
"""Cosine from which a phrase of the question before is taken for what a new phrase replaces."""
MOST_WORDS = 8
"""Words of a fragment: longer ones are sentences."""

_WH = r"(?:what|which|who|whom|whose|when|where|why|how)"
_AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|can|could|should|shall|would|will|has|have|had|may|might|must|"
    r"isn't|aren't|doesn't|don't|can't)"
)
_PREPOSITIONS = (
    "for|in|on|at|with|without|by|from|to|after|before|during|under|over|above|below|within|between|against|into|"
    "through|until|since|per|about|outside|inside|near|if|when|as"
)
_DETERMINERS = r"(?:the|a|an|my|our|your|this|that|these|those|each|every|any|all|some)"
_OPENER = re.compile(
    r"^\W*(?:(?:and|but|or|so|then|also|plus|ok|okay|now)\b[\s,]*)*(?:(?:what|how) about\b|(?:the )?same for\b)?\s*",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(rf"^(?:{_PREPOSITIONS})\b", re.IGNORECASE)
_ASKS = re.compile(rf"^\W*(?:{_WH}|{_AUXILIARY}|tell|show|list|give|explain|describe|define|name)\b", re.IGNORECASE)
_QUESTION = re.compile(rf"\b(?:{_WH}|{_AUXILIARY})\b", re.IGNORECASE)
_PERSONAL = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:(?P<owner>its|their|his|her(?=\s+\w))|(?P<person>he|she|him|her|hers)|(?P<thing>it|they|them|theirs|"
    r"(?:this|that|these|those|such)(?=\s*[?.!,]|$|\s+(?:be|is|are|was|were|do|does|did|can|could|should|apply|applies|"
    r"change|happen|mean|work|need|have|has|in|for|with|at|on|after|before|during|too|also)\b)|"
    r"the (?:same|former|latter)(?=\s*[?.!,]|$)))\b",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(r"\bit\b(?:\s+\w+){0,3}?\s+(?:to|that|if|for)\s+\w+\s+\w+", re.IGNORECASE)
_IS_THERE = re.compile(rf"^{_AUXILIARY} there (?:\w+ ){{1,2}}?[\w-]+\W*$", re.IGNORECASE)
_OWN_NOUN = re.compile(rf"\b{_DETERMINERS}\s+[^\W\d_]{{3,}}", re.IGNORECASE)
_SPLIT = re.compile(
    rf"(?<![\w-])(?:{_AUXILIARY}|{_PREPOSITIONS}|and|or|but|not|be|been|being|i|we|you|he|she|it|they|there|that|who|"
    rf"whom)(?![\w-])|(?=\b{_DETERMINERS}\b)|[,;:?!()]|\s+(?:cost|costs|take|last|mean|need|apply|happen)$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    rf"^\W*(?:(?:{_PREPOSITIONS})\s+)?(?:{_WH})\b(?:\s+(?:many|much|long|often|soon|far|old|large|big|high|low|fast|"
    r"quickly|frequently|else|kind of|kinds of|type of|type)\b)?",
    re.IGNORECASE,
)
_KEPT = "\ue000"
"""Stands for a surrogate while words are split; no question holds one, `question.check` removes it."""
_ASPECT_WORDS = (
    "dose dosage limit rate amount duration number maximum minimum time price fee cost temperature pressure interval "
    "frequency size age date period deadline level range threshold percentage share value procedure process purpose "
    "definition meaning colour weight length height speed effect use cause reason risk name type kind"
)
_ASPECTS = frozenset(_ASPECT_WORDS.split())


def standalone(question: str, before: str, embed: Embed | None = None) -> str:
    """`question` so that it is understood without `before`, the standalone question asked before it.

    Both are redacted. Without `embed`, a phrase that might replace another is added instead.
    """
    opener = _OPENER.match(question)
    opened = bool(opener and opener.group().strip(" \t,"))
    rest = question[opener.end() if opener else 0 :].strip()
    if not rest:
        return question
    if not _is_fragment(rest):
        return _asked(question, rest, before, opened)
    if _PRONOUN.search(rest) and not _bare(rest):
        rest = _resolved(rest, before)
    return _substituted(rest.strip(" ?!.,"), before, embed)


def resolved(part: str, before: str) -> str:
    """A later part of one question, its pronoun replaced by what the part before it is about."""
    return _first_upper(_resolved(part, before)) if before and _needs(part) else part


def surrogates(text: str) -> list[str]:
    """The surrogates in a text, in order."""
    return list(dict.fromkeys(match.group() for match in SURROGATE.finditer(text)))


def phrases(question: str) -> list[str]:
    """The noun phrases of a question, in order, as well as words alone can tell."""
    lead = _LEAD.match(question)
    rest = question[lead.end() :] if lead else question
    kept = [match.group() for match in SURROGATE.finditer(rest)]
    for number, surrogate in enumerate(kept):
        rest = rest.replace(surrogate, f" , {_KEPT}{number} , ", 1)
    pieces = [piece.strip(" .'\"") for part in re.split(r"[?!.,]", rest) for piece in _SPLIT.split(part.strip())]
    whole = [kept[int(piece.removeprefix(_KEPT))] if piece.startswith(_KEPT) else piece for piece in pieces]
    return [piece for piece in whole if stems(piece) or piece in kept]


def topic(question: str) -> str:
    """What a question is about: the phrase that a pronoun in the next one means; empty when none is found."""
    found = phrases(question)
    named = [each for each in found if re.match(rf"{_DETERMINERS}\b", each, re.IGNORECASE) or _stands_out(each)]
    best = next(iter(named), max(found, key=len, default=""))
    head, of, inner = best.partition(" of ")
    if of and inner and head.split()[-1].lower().rstrip("s") in _ASPECTS:
        return inner
    if best and best.split()[-1].lower().rstrip("s") in _ASPECTS:
        other = next((each for each in found if each != best), "")
        return f"{best} {_between(question, best, other)}".strip() if other else best
    return best


def _is_fragment(text: str) -> bool:
    """Whether words are no question of their own: no question word, no verb of asking, and few of them."""
    return not _ASKS.match(text) and not _QUESTION.search(text) and len(text.split()) <= MOST_WORDS


def _asked(question: str, rest: str, before: str, opened: bool) -> str:
    """A whole question: its pronouns resolved; about the topic where it names nothing itself."""
    if _needs(rest):
        return _first_upper(_resolved(rest, before))
    about = topic(before)
    said = set(stems(rest))
    if about and (_bare(rest) or _IS_THERE.match(rest) or (opened and not said & set(stems(before)))):
        return f"{_first_upper(rest.rstrip(' ?.!'))}, about {about}?"
    return _first_upper(rest) if opened else question


def _needs(text: str) -> bool:
    """Whether a pronoun in `text` means something outside it."""
    match = _PRONOUN.search(text)
    if match is None:
        return False
    if match.group().lower() == "it" and _EXPLETIVE.match(text, match.start()):
        return False
    earlier = text[: match.start()]
    return not (SURROGATE.search(earlier) or _OWN_NOUN.search(earlier))


def _bare(text: str) -> bool:
    """Whether a question says nothing of its own: "Why?", "How long?", "Which form?"."""
    lead = _LEAD.match(text)
    return len(text.split()) <= 4 and lead is not None and len(set(stems(text[lead.end() :]))) <= 1


def _resolved(text: str, before: str) -> str:
    """`text` with its first pronoun, and repetitions of it, replaced by the topic of `before`."""
    match = _PRONOUN.search(text)
    if match is None:
        return text
    person = SURROGATE.search(before) if _PERSONAL.fullmatch(match.group()) else None
    meant = person.group() if person else topic(before)
    if not meant:
        return text

    def put(found: "re.Match[str]") -> str:
        return f"{meant}'s" if found["owner"] else meant

    return _PRONOUN.sub(put, text, count=1)


def _substituted(fragment: str, before: str, embed: Embed | None) -> str:
    """`before` with the fragment in the place of what it stands for."""
    body = before.rstrip(" ?!.")
    opening = _PREPOSITION.match(fragment)
    if opening:
        same = re.compile(rf"\b{opening.group()}\b.*?(?=\s+\b(?:{_PREPOSITIONS})\b|[,;]|$)", re.IGNORECASE)
        places = [each for each in same.finditer(body) if each.start() > 0]
        if places:
            return f"{body[: places[-1].start()]}{fragment}{body[places[-1].end() :]}?"
        return f"{body} {fragment[:1].lower()}{fragment[1:]}?"
    old = _most_alike(fragment, body, embed)
    if not old:
        return f"{body}, {fragment}?"
    determiner = re.match(rf"({_DETERMINERS}\s+)", old, re.IGNORECASE)
    kept = determiner.group() if determiner and not re.match(rf"{_DETERMINERS}\b", fragment, re.IGNORECASE) else ""
    at = body.rfind(old)
    return f"{body[:at]}{'' if _is_name(fragment) else kept}{fragment}{body[at + len(old) :]}?"


def _most_alike(fragment: str, body: str, embed: Embed | None) -> str:
    """The phrase of `body` whose meaning is nearest to the fragment's; empty when none is near."""
    candidates = [piece for phrase in phrases(body) for piece in {phrase, phrase.rpartition(" of ")[2]}]
    if not candidates or embed is None:
        return ""
    vectors = embed([fragment, *candidates])
    likeness = vectors[1:] @ vectors[0]
    best = int(np.argmax(likeness))
    return candidates[best] if likeness[best] >= ALIKE else ""


def _between(question: str, one: str, other: str) -> str:
    """From the end of one phrase to the end of the other, as the question has it."""
    start, end = question.find(one) + len(one), question.find(other) + len(other)
    return question[start:end].strip() if end > start else ""


def _stands_out(phrase: str) -> bool:
    return bool(SURROGATE.search(phrase)) or any(word[:1].isupper() or word[:1].isdigit() for word in phrase.split())


def _is_name(text: str) -> bool:
    return text[:1].isupper() or bool(SURROGATE.match(text))


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
