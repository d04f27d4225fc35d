"""Verification: may this composed sentence be shown? Only when the evidence it is aligned with says it too.

1. Sentences about the evidence or the model itself ("The evidence says", "I cannot") say nothing: dropped.
2. Align: the evidence sentences nearest in words and meaning become its citations.
3. Hard agreement: every number with its unit, every date, surrogate and name stands in what it cites.
4. Soft agreement: a small model of how much the evidence holds (`weights/support.json`: words, meaning, names), times
   one of whether it says the opposite (`weights/consistency.json`: polarity, direction, modality).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from appliance.answering import linear
from appliance.answering.answer import Evidence, Question
from appliance.answering.evidence import Embed
from appliance.answering.features import rarity_of, said_otherwise
from appliance.answering.linear import Features
from appliance.answering.sentences import split
from appliance.answering.support import (
    Alignment,
    Claim,
    align,
    consistency_features,
    disagreements,
    support_features,
)
from appliance.answering.verdict import asks_yes_or_no, bears_out, led
from appliance.answering.words import stems

ACCEPT = 0.29
"""Of the product: chosen by cross-validation, the least contradicted claims with 61% of the supported accepted."""
FEWEST_WORDS = 4
"""Fewer words than these say nothing by themselves."""
NEAR = 12
"""Sentences of a long text that are embedded for one claim."""

_META = re.compile(
    r"\b(?:the |this |that )?(?:provided |given |above |numbered )?(?:evidence|context|passage|excerpt|text|"
    r"information provided|document)s?\b"
    r".{0,30}\b(?:says?|states?|mentions?|shows?|indicates?|suggests?|does not|do not|doesn't|contains?|"
    r"provides?|is about)\b"
    r"|\b(?:based on|according to|as (?:stated|mentioned|described) in|from) (?:the )?(?:provided |given |above "
    r")?(?:evidence|context|passage|excerpt|text|information)\b"
    r"|not in the evidence|\bas an ai\b|\b(?:i|we) (?:cannot|can't|can not|am unable|do not|don't|apologi[sz]e|"
    r"am sorry)\b|\bi'm (?:sorry|unable)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:based on|according to|as (?:stated|mentioned|described|shown) in|from) (?:the )?(?:provided |given "
    r"|above |numbered )?"
    r"(?:evidence|context|passage|excerpt|text|information|documents?)(?: provided)?(?: \[?\d+\]?)?,?\s*"
    r"|(?:the )?(?:provided |given |numbered )?(?:evidence|context|text|document) (?:says|states|shows|"
    r"indicates|mentions|suggests)(?: that)?,?\s*)",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"(?:^|[.!?]\s|\n)\W*(?:please |kindly |can you |could you )*"
    r"(write|draft|compose|translate|summari[sz]e|rewrite|explain|describe|break down|tell me|show me|"
    r"develop an? (?:speech|story|essay)|"
    r"provide (?:an? |the )?(?:\w+ )?(?:example|poem|story|essay|summary|equivalent|translation)) ",
    re.IGNORECASE,
)
"""Tasks of a writer, which an attack sets to the model."""
_WHAT_TO_DO = re.compile(
    r"\b(?:how|must|should|shall|steps?|procedure|what (?:do|does|to|has|have)|needs?|required?|who|when|rules?)\b",
    re.IGNORECASE,
)
SHORTEST_ROOT = 5
_WORD = re.compile(r"[A-Za-z]+")
_ABBREVIATION = re.compile(r"\b[A-Z]{3,6}(?=s?\b)")
"""SAR, and the SAR of SARs: borne by evidence that spells it out, suspicious activity report."""
_NOT_TEXT = re.compile(r"https?://|www\.|!\[|\]\(|<[a-z/]|```", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on a sentence: `cites` are indices into `Evidence.sentences`, `reasons` why it failed."""

    supported: bool
    support: float
    cites: tuple[int, ...]
    reasons: tuple[str, ...] = ()
    unborne: tuple[str, ...] = ()
    """Stems that the sentence repeats from the question and that no evidence holds, nor the headings above it:
    the sentence may be true of something else than what was asked."""


def plain_claim(sentence: str) -> str:
    """The sentence without a lead such as "According to the evidence,"."""
    stripped = _LEAD.sub("", sentence).strip()
    return stripped[:1].upper() + stripped[1:] if stripped != sentence else sentence


def verify(
    sentence: str, evidence: Evidence, question: Question, embed: Embed | None, *, accept: float = ACCEPT
) -> Verification:
    """Check one composed sentence against the evidence; `support` is the calibrated probability, 0 to 1."""
    reasons = _empty(sentence)
    if reasons:
        return Verification(False, 0.0, (), reasons)
    said, rest = led(sentence)
    if said and not rest:
        return Verification(False, 0.0, (), ("bare verdict",))
    if said and not (asks_yes_or_no(question.text) and bears_out(said, rest, question.text)):
        return Verification(False, 0.0, (), ("verdict",))
    stating = [number for number, each in enumerate(evidence.sentences) if states(each.text, rest, question.text)]
    texts = [evidence.sentences[number].text for number in stating]
    chunks = [evidence.sentences[number].passage.chunk for number in stating]
    above = [" ".join((chunk.title, *chunk.section)) for chunk in chunks]
    verdict = check_claim(rest, texts, question.text, embed, accept=accept, above=above)
    cites = tuple(stating[number] for number in verdict.cites)
    return replace(verdict, cites=cites, unborne=_unborne(rest, question, evidence))


def states(text: str, claim: str, asked: str) -> bool:
    """Whether a sentence of evidence states something for `claim`: a question does not, nor does a task set to a
    writer, unless what is `asked` is what to do and the claim passes on the task in its own words."""
    task = _TASK.search(text)
    if text.rstrip().endswith("?"):
        return False
    return task is None or (bool(_WHAT_TO_DO.search(asked)) and claim.lower().startswith(task[1].lower()))


def check_claim(
    sentence: str,
    texts: Sequence[str],
    question: str,
    embed: Embed | None,
    *,
    accept: float = ACCEPT,
    above: Sequence[str] = (),
) -> Verification:
    """As `verify`, against plain texts and the headings `above` each."""
    if not texts:
        return Verification(False, 0.0, (), ("no evidence",))
    claim = Claim.of(sentence, question)
    aligned = align(claim, texts, embed)
    reasons = disagreements(claim, [texts[index] for index in aligned.cites], texts, above)
    support = _support(_features(claim, texts, aligned, reasons), embed)
    if support < accept:
        reasons = (*reasons, "not supported")
    return Verification(not reasons, support, aligned.cites, reasons)


def check_passage(claim: str, context: str, embed: Embed | None, *, accept: float = ACCEPT) -> Verification:
    """Check a claim of another hand against a whole text: what the evaluation of groundedness calls.

    Such a claim writes names and dates in its own way, so these are weighed; a number of its own decides alone.
    """
    texts = nearest(claim, context)
    if not texts:
        return Verification(False, 0.0, (), ("no evidence",))
    taken = Claim.of(claim, "")
    aligned = align(taken, texts, embed)
    wrong = disagreements(taken, [texts[aligned.cites[0]], context])
    support = _support(_features(taken, texts, aligned, wrong), embed)
    reasons = tuple(reason for reason in wrong if reason in ("number", "unit", "turned"))
    if support < accept:
        reasons = (*reasons, "not supported")
    return Verification(not reasons, support, aligned.cites, reasons)


def claim_features(claim: str, context: str, embed: Embed | None) -> tuple[Features, Features]:
    """The features that `check_passage` decides by: of support, and of consistency."""
    taken, texts = Claim.of(claim, ""), nearest(claim, context) or [""]
    aligned = align(taken, texts, embed)
    return _features(taken, texts, aligned, disagreements(taken, [texts[aligned.cites[0]], context]))


def _features(
    claim: Claim, texts: Sequence[str], aligned: Alignment, reasons: Sequence[str]
) -> tuple[Features, Features]:
    return support_features(claim, texts, aligned, reasons), consistency_features(claim, texts, aligned)


def _support(features: tuple[Features, Features], embed: Embed | None) -> float:
    """The probability that the texts hold the claim, times that they do not contradict it, which counts twice: out of
    fold a third fewer contradicted claims pass then, at about the same share of supported ones."""
    suffix = "" if embed else "_lexical"
    held, consistent = (
        linear.load(f"{name}{suffix}").probability(each)
        for name, each in zip(("support", "consistency"), features, strict=True)
    )
    return held * consistent**2


def nearest(claim: str, context: str) -> list[str]:
    """The `NEAR` sentences of a long text that share most words with the claim: the ones worth embedding."""
    wanted = set(stems(claim))
    texts = [text for text in dict.fromkeys(split(context)) if len(text) > 8]
    return sorted(texts, key=lambda text: -sum(rarity_of(stem) for stem in wanted & set(stems(text))))[:NEAR]


def _empty(sentence: str) -> tuple[str, ...]:
    if _NOT_TEXT.search(sentence):
        return ("markup",)
    if _META.search(sentence):
        return ("about the evidence",)
    if sentence.rstrip().endswith("?"):
        return ("a question",)
    if not any(character.isalnum() for character in sentence):
        return ("empty",)
    if len(sentence.split()) < FEWEST_WORDS or sentence.rstrip("\"')] ")[-1:] not in (".", "!"):
        return ("a fragment",)
    return ()


def _unborne(sentence: str, question: Question, evidence: Evidence) -> tuple[str, ...]:
    held: set[str] = set()
    for each in evidence.sentences:
        held.update(stems(" ".join((each.text, each.passage.chunk.title, *each.passage.chunk.section))))
    initials = "".join(word[0] for each in evidence.sentences for word in _WORD.findall(each.text)).lower()
    shortened = [word for word in _ABBREVIATION.findall(question.text) if word.lower() in initials]
    spelt_out = {stem for word in shortened for stem in stems(word)}
    held.update(stems(" ".join(said_otherwise(question, each.text) for each in evidence.sentences)))
    repeated = set(stems(sentence)) & set(stems(question.text)) - held - spelt_out
    return tuple(sorted(stem for stem in repeated if not any(_related(stem, other) for other in held)))


def _related(stem: str, held: str) -> bool:
    """Whether two stems are forms of one word: starter and start, recheck and check."""
    short, long = sorted((stem, held), key=len)
    return len(short) >= SHORTEST_ROOT and (long.startswith(short) or long == f"re{short}")
