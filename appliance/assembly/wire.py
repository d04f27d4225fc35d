"""What the journeys yield, as JSON objects: the same for the command line, the local socket and the page."""

from typing import Any

from appliance.answering.answer import Abstention, Citation, Refusal, VerifiedAnswer
from appliance.answering.shown import Finished, Quotes, Sentence, Shown, Understood, Waiting
from appliance.audit.receipt import ProofedReceipt
from appliance.search.chunk import Passage


def shown(event: Shown) -> dict[str, Any]:
    """An event of `ask`: `{"understood"}`, `{"quotes"}`, `{"place"}`, `{"sentence"}`, or the result of the contract."""
    if isinstance(event, Understood):
        return {"understood": event.text}
    if isinstance(event, Waiting):
        return {"place": event.place}
    if isinstance(event, Quotes):
        return {"quotes": [citation(each) for each in event.citations], "probability": event.probability}
    if isinstance(event, Sentence):
        return {"sentence": {"text": event.text, "citations": list(event.citations), "support": event.support}}
    return finished(event)


def finished(event: Finished) -> dict[str, Any]:
    """The result of a question, as the command-line contract has it."""
    answer = event.answer
    result: dict[str, Any] = {
        "answer": answer.text if isinstance(answer, VerifiedAnswer) else "",
        "status": event.status,
        "reason": answer.reason if isinstance(answer, Abstention | Refusal) else "",
        "sentences": sentences(answer),
        "citations": [citation(each) for each in event.quotes] if event.status == "answered" else [],
        "related": [citation(each) for each in event.quotes] if event.status == "abstained" else [],
        "dropped": answer.dropped if isinstance(answer, VerifiedAnswer) else 0,
        "probability": getattr(answer, "probability", 0.0),
        "receipt": receipt(event.receipt),
        "usage": event.usage.as_json(),
        "seconds": event.seconds,
        "warnings": list(event.warnings),
        "exit_code": event.error.exit_code if event.error else 0,
    }
    if event.parts:
        result["parts"] = [{"text": part.text, "answered": part.answered} for part in event.parts]
    if event.disagreements:
        result["disagreements"] = [[one + 1, other + 1] for one, other in event.disagreements]
    if event.question is not None:
        result["question"] = event.question.text
    if isinstance(answer, Refusal):
        result["advice"] = answer.advice
    return result


def sentences(answer: VerifiedAnswer | Abstention | Refusal) -> list[dict[str, Any]]:
    """The sentences of an answer; none where there is no answer."""
    if not isinstance(answer, VerifiedAnswer):
        return []
    return [
        {"text": s.text, "citations": list(s.citations), "support": round(s.support, 4), "kind": s.kind}
        for s in answer.sentences
    ]


def citation(each: Citation) -> dict[str, Any]:
    """A citation; boxes are in points of the page."""
    return {
        "n": each.n,
        "document": each.document,
        "version": each.version,
        "chunk": each.chunk,
        "title": each.title,
        "page": each.page,
        "published": each.published,
        "quote": each.quote,
        "boxes": [list(box) for box in each.boxes],
    }


def receipt(proofed: ProofedReceipt) -> dict[str, Any]:
    """A receipt with its inclusion proof (C2SP tlog-proof)."""
    own = proofed.receipt
    return {"record": own.record, "index": own.index, "leaf": own.leaf, "time": own.time, "proof": proofed.proof}


def passage(found: Passage) -> dict[str, Any]:
    """A retrieved passage."""
    return {
        "document": found.document,
        "version": found.version,
        "chunk": found.chunk.id,
        "title": found.chunk.title,
        "section": list(found.chunk.section),
        "page": found.chunk.pages[0] if found.chunk.pages else 0,
        "score": round(found.score, 6),
        "text": found.chunk.text,
    }
