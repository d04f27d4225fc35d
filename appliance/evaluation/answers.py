"""Evaluation of answers over given contexts: does it answer rightly, cite rightly, and abstain where it should?

1. Each row's contexts become passages; evidence, composition and verification run as in `ask.py`.
2. Only the first `SHOWN_WORDS` words of what is shown count.
3. Right: a gold answer stands in them, or token F1 (SQuAD) is above .6; to a yes/no question, the verdict.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.answering.answer import Abstention, Evidence, Question, VerifiedAnswer
from appliance.answering.calculation import calculate
from appliance.answering.citations import Passed, assemble
from appliance.answering.composition import compose
from appliance.answering.doubt import is_doubtful, may_say
from appliance.answering.engines.engine import Engine
from appliance.answering.evidence import NOT_ANSWERED, Embed, select
from appliance.answering.support import Claim, disagreements
from appliance.answering.verdict import asks_yes_or_no
from appliance.answering.verification import plain_claim, verify
from appliance.answering.words import stems
from appliance.errors import Unavailable
from appliance.search.chunk import Chunk, ChunkSpan, Passage
from appliance.settings import Settings

SHOWN_WORDS = 60
RIGHT_F1 = 0.6
VERDICTS = ("yes", "no", "maybe")

Row = dict[str, Any]
_TOKEN = re.compile(r"\w+(?:[.,]\d+)*")
_ARTICLES = frozenset(("a", "an", "the"))


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the appliance made of one row: the words shown, the contexts cited, sentences composed and unfounded."""

    row: Row
    answered: bool
    shown: str
    cited: tuple[str, ...]
    composed: int
    unsupported: int
    probability: float
    seconds: float

    def as_json(self) -> Row:
        """As a line of the predictions file."""
        return {
            "id": self.row["id"],
            "status": "answered" if self.answered else "abstained",
            "answer": self.shown,
            "citations": list(self.cited),
            "probability": round(self.probability, 4),
        }


def evaluate(
    rows: Iterable[Row],
    engine: Engine | None,
    embed: Embed | None,
    settings: Settings,
    predictions_path: Path | None = None,
) -> dict[str, Any]:
    """Answer every row and count. Without `engine` the quotations alone answer.

    A row is `{"id", "question", "contexts": [{"id", "text"}], "answers": [...], "answerable": bool}`. The result
    holds the figures of the command-line contract. `predictions_path` gets one line a row as they come.
    """
    predictions = []
    out = predictions_path.open("w", encoding="utf-8") if predictions_path else None
    try:
        for row in rows:
            prediction = predict(row, engine, embed, settings)
            predictions.append(prediction)
            if out:
                out.write(json.dumps(prediction.as_json(), ensure_ascii=False) + "\n")
    finally:
        if out:
            out.close()
    return figures(predictions)


def predict(row: Row, engine: Engine | None, embed: Embed | None, settings: Settings) -> Prediction:
    """Answer one row."""
    started = time.perf_counter()
    question = Question(str(row["question"]))
    said = answer(question, passages_of(row), engine, embed, settings)
    if isinstance(said, Abstention):
        return Prediction(row, False, "", (), 0, 0, said.probability, time.perf_counter() - started)
    shown = " ".join(_shown(said).split()[:SHOWN_WORDS])
    composed = [sentence for sentence in said.sentences if sentence.kind == "composed"]
    unsupported = sum(not _founded(sentence.text, sentence.citations, said, question) for sentence in composed)
    used = {number for sentence in said.sentences for number in sentence.citations}
    cited = tuple(dict.fromkeys(citation.chunk for citation in said.citations if citation.n in used))
    seconds = time.perf_counter() - started
    return Prediction(row, True, shown, cited, len(composed), unsupported, said.probability, seconds)


def answer(
    question: Question, passages: Sequence[Passage], engine: Engine | None, embed: Embed | None, settings: Settings
) -> VerifiedAnswer | Abstention:
    """What the journey of a question makes of these passages: evidence, composition, verification."""
    found = select(question, passages, quotes=settings.quotes, abstain_below=settings.abstain_below, embed=embed)
    if isinstance(found, Abstention):
        return found
    passed, dropped = _composed(question, found, engine, embed, settings)
    said = len(passed) if passed or (engine is not None and settings.compose) else None
    if is_doubtful(found.probability, said, settings.abstain_below, settings.sure_above):
        return Abstention(NOT_ANSWERED, found.sentences, found.probability)
    return assemble(found, passed, dropped=dropped)


def _shown(answer: VerifiedAnswer) -> str:
    """What a reader sees: the composed sentences, then the quotations beside them, the cited ones first."""
    used = {number for sentence in answer.sentences for number in sentence.citations}
    quotes = sorted(answer.citations, key=lambda citation: (citation.n not in used, citation.n))
    composed = [sentence.text for sentence in answer.sentences if sentence.kind == "composed"]
    return " ".join([*composed, *(citation.quote for citation in quotes)])


def _composed(
    question: Question, evidence: Evidence, engine: Engine | None, embed: Embed | None, settings: Settings
) -> tuple[list[Passed], int]:
    made = calculate(question.text, [sentence.text for sentence in evidence.sentences])
    if made is not None:
        return [Passed(made[1].sentence, (made[0],), 1.0)], 0
    if engine is None or not settings.compose:
        return [], 0
    passed, dropped = [], 0
    try:
        for sentence in compose(
            engine, question, evidence, max_tokens=settings.compose_tokens, seconds=settings.compose_seconds
        ):
            claim = plain_claim(sentence)
            checked = verify(claim, evidence, question, embed)
            if may_say(checked, evidence.probability, settings.sure_above):
                passed.append(Passed(claim, checked.cites, checked.support))
            else:
                dropped += 1
    except Unavailable:
        return passed, dropped
    return passed, dropped


def figures(predictions: list[Prediction]) -> dict[str, Any]:
    """The figures of the command-line contract, over all rows."""
    answerable = [p for p in predictions if p.row["answerable"]]
    without = [p for p in predictions if not p.row["answerable"]]
    answered = [p for p in predictions if p.answered]
    right = sum(p.answered and is_right(p.shown, p.row) for p in answerable)
    hits = sum(p.answered for p in answerable)
    refused = sum(not p.answered for p in without)
    golden = [(p, gold) for p in answerable if p.answered and (gold := gold_contexts(p.row))]
    cited_right = sum(len(set(p.cited) & gold) for p, gold in golden)
    composed = sum(p.composed for p in predictions)
    times = sorted(p.seconds for p in predictions)
    return {
        "rows": len(predictions),
        "accuracy": _ratio(right, len(answerable)),
        "accuracy_with_abstentions": _ratio(right + refused, len(predictions)),
        "f1": _ratio(2 * hits, len(answered) + len(answerable)),
        "balanced_accuracy": _mean(_ratio(hits, len(answerable)), _ratio(refused, len(without))),
        "answered_answerable": _ratio(hits, len(answerable)),
        "abstention_precision": _ratio(refused, len(predictions) - len(answered)),
        "abstention_recall": _ratio(refused, len(without)),
        "citation_precision": _ratio(cited_right, sum(len(p.cited) for p, _ in golden)),
        "citation_recall": _ratio(sum(bool(set(p.cited) & gold) for p, gold in golden), len(golden)),
        "unsupported_rate": _ratio(sum(p.unsupported for p in predictions), composed) or 0.0,
        "composed_share": _ratio(sum(p.composed > 0 for p in answered), len(answered)),
        "seconds_p50": round(times[len(times) // 2], 3) if times else None,
    }


def is_right(shown: str, row: Row) -> bool:
    """True when the shown words hold a gold answer (every one of them, for a multi-span row) or the gold verdict."""
    answers = [str(answer) for answer in row["answers"]]
    if answers and answers[0] in VERDICTS and asks_for_verdict(row):
        return verdict_of(shown) == answers[0]
    if row.get("answer_type") == "multi-span":
        return all(_holds(shown, answer) for answer in answers)
    return any(_holds(shown, answer) for answer in answers)


def asks_for_verdict(row: Row) -> bool:
    """True when the gold answer is a verdict."""
    return row.get("decision") in VERDICTS or asks_yes_or_no(str(row["question"]))


def verdict_of(shown: str) -> str:
    """The verdict that the first word of an answer gives, `maybe` when it gives none."""
    first = re.match(r"\W*(\w+)", shown.lower())
    return first.group(1) if first and first.group(1) in VERDICTS else "maybe"


def gold_contexts(row: Row) -> set[str]:
    """The contexts that hold the answer: the one named, else those that hold an answer's words."""
    if row.get("gold_context"):
        return {row["gold_context"]}
    return {c["id"] for c in row["contexts"] if any(_within(c["text"], str(a)) for a in row["answers"])}


def passages_of(row: Row) -> list[Passage]:
    """The contexts of a row as passages, in the order given; their ids are the chunk ids."""
    found = []
    for order, context in enumerate(row["contexts"]):
        text, key = str(context["text"]), str(context["id"])
        kind = "table" if " | " in text else "text"
        chunk = Chunk(key, order, text, "", (), (ChunkSpan(0, len(text), 1, 0),), kind)
        found.append(Passage(chunk, key, "1", "evaluation", "evaluation", 1.0 / (1 + order)))
    return found


def token_f1(text: str, answer: str) -> float:
    """Token F1 of SQuAD (Rajpurkar et al. 2016): lower case, no articles, no punctuation."""
    mine, theirs = Counter(_tokens(text)), Counter(_tokens(answer))
    same = (mine & theirs).total()
    return 2 * same / (mine.total() + theirs.total()) if same else 0.0


def _founded(text: str, numbers: tuple[int, ...], answer: VerifiedAnswer, question: Question) -> bool:
    """A check apart from the verifier's model: numbers, names and half the words stand in what is cited."""
    quotes = [answer.citations[number - 1].quote for number in numbers]
    bag = set(stems(" ".join(quotes))) | set(stems(question.text))
    mine = stems(text)
    return not disagreements(Claim.of(text, question.text), quotes) and sum(s in bag for s in mine) >= len(mine) / 2


def _holds(shown: str, answer: str) -> bool:
    return _within(shown, answer) or token_f1(shown, answer) > RIGHT_F1


def _within(text: str, answer: str) -> bool:
    wanted = " ".join(_tokens(answer))
    return bool(wanted) and f" {wanted} " in f" {' '.join(_tokens(text))} "


def _tokens(text: str) -> list[str]:
    return [token.replace(",", "") for token in _TOKEN.findall(text.lower()) if token not in _ARTICLES]


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round((one + other) / 2, 4)
