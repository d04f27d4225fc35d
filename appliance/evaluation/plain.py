"""What most systems do, as a peer to measure against: the nearest passages and the question to the same model.

The prompt is the default of LlamaIndex's query engine, with a way to say that the answer is not there.
"""

import re
import time
from collections.abc import Sequence

import numpy as np

from appliance.answering.engines.engine import Engine
from appliance.answering.evidence import Embed
from appliance.evaluation.answers import SHOWN_WORDS, Prediction, Row, figures

PASSAGES = 3
TOKENS = 160
PROMPT = (
    "Context information is below.\n---------------------\n{context}\n---------------------\n"
    "Given the context information and not prior knowledge, answer the query. If the context does not hold the "
    "answer, reply: The answer is not in the context.\nQuery: {query}\nAnswer: "
)
_ABSTAINS = re.compile(
    r"\bnot (?:\w+ ){0,3}?(?:in|by|from) the (?:given |provided )?(?:context|text|passage|information)"
    r"|\bcontext (?:information )?(?:\w+ )?(?:does not|doesn't)\b"
    r"|\b(?:do not|don't|does not|cannot|can't) (?:know|answer|determine|provide|have (?:enough|sufficient))",
    re.IGNORECASE,
)


def plain_answer(question: str, texts: Sequence[str], engine: Engine, embed: Embed) -> str:
    """What the model makes of the `PASSAGES` texts nearest to the question; empty where it abstains."""
    vectors = embed([question, *texts])
    nearest = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")[:PASSAGES]
    context = "\n\n".join(texts[index] for index in nearest)
    messages = [{"role": "user", "content": PROMPT.format(context=context, query=question)}]
    said = "".join(piece.text for piece in engine.stream(messages, max_tokens=TOKENS, temperature=0.0)).strip()
    return "" if _ABSTAINS.search(said) else said


def measure(rows: Sequence[Row], engine: Engine, embed: Embed) -> dict[str, float | None]:
    """The peer's figures on the same rows, counted as `answers.figures` counts."""
    predictions = []
    for row in rows:
        began = time.perf_counter()
        said = plain_answer(str(row["question"]), [str(each["text"]) for each in row["contexts"]], engine, embed)
        shown = " ".join(said.split()[:SHOWN_WORDS])
        predictions.append(Prediction(row, bool(said), shown, (), 0, 0, 0.0, time.perf_counter() - began))
    found = figures(predictions)
    return {name: found[name] for name in ("accuracy", "f1", "balanced_accuracy", "seconds_p50")}
