"""The appliance as a model for OpenAI clients: `/v1/chat/completions`, whole or streamed, and `/v1/models`.

After the OpenAI API reference (chat completions, streaming). A completion is the journey of a question like any
other: signed in by an API token of the scope `ask`, for a purpose, inside what that person may read, recorded.

- The last message is the question; the user's messages before it make a follow-up whole. What a system or an
  assistant message says is not obeyed: answers come from documents.
- The model `appliance` asks all that may be read, `appliance/COLLECTION` one collection.
- `purpose` (a field of the body, or the header `X-Purpose`) is the purpose of use; else it is operations.
- The extension field `appliance` holds the result of the command-line contract: status, sentences, citations,
  related passages, receipt. The text carries the numbers of the citations, and names them at its end.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from appliance import ask as questions
from appliance.access.grants import Purpose
from appliance.assembly import wire
from appliance.assembly.acting import purpose_of
from appliance.documents.narrowing import Narrowing, narrowing
from appliance.errors import NotFound, UsageError
from appliance.web import bodies
from appliance.web.dependencies import Changing, SignedIn, TheAppliance, TheStreams, standing
from appliance.web.routes.asking import MAX_BODY_BYTES

router = APIRouter(prefix="/v1")
MODEL = "appliance"
STATUS_NAMES = {"answered": "stop", "abstained": "stop", "refused": "content_filter"}


class Part(BaseModel):
    """A part of a message; only text is taken."""

    type: str
    text: str = ""


class Message(BaseModel):
    """A message of a chat."""

    role: Annotated[str, Field(max_length=40)]
    content: str | list[Part] | None = ""

    def words(self) -> str:
        """The text of a message. Raises UsageError when it brings anything else."""
        if isinstance(self.content, str) or self.content is None:
            return self.content or ""
        if any(part.type not in ("text", "input_text") for part in self.content):
            raise UsageError("a message holds something that is no text", "Add documents on the page, then ask")
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """What a client may ask of a stream."""

    include_usage: bool = False


class Completion(BaseModel):
    """A request; what it says of sampling, tools and formats is not used: the answer is what the documents say."""

    model_config = ConfigDict(extra="ignore")

    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    model: Annotated[str, Field(max_length=200)] = MODEL
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = None
    purpose: Annotated[str, Field(max_length=40)] = ""
    documents: Annotated[list[str], Field(max_length=1000)] = []
    kinds: Annotated[list[str], Field(max_length=100)] = []
    since: Annotated[str, Field(max_length=40)] = ""
    until: Annotated[str, Field(max_length=40)] = ""


@dataclass(frozen=True)
class Asked:
    """A request as the journey takes it."""

    question: str
    history: tuple[str, ...]
    collection: str
    purpose: Purpose
    narrowed: Narrowing


async def completion_of(request: Request, session: Changing) -> Completion:
    """The request's body; nobody but who is signed in gets this far."""
    return await bodies.read_json(request, Completion, MAX_BODY_BYTES)


@router.get("/models")
def models(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """The models there are for whoever asks: `appliance`, and one for each collection that they may read."""
    readable = {each for purpose in Purpose for each in appliance.access.readable(session.person, purpose).collections}
    names = sorted(each.name for each in appliance.catalog.collections.all() if each.id in readable)
    return {"object": "list", "data": [_model(MODEL), *(_model(f"{MODEL}/{name}") for name in names)]}


@router.post("/chat/completions")
def chat(
    request: Request,
    session: Changing,
    completion: Annotated[Completion, Depends(completion_of)],
    appliance: TheAppliance,
    streams: TheStreams,
    x_purpose: Annotated[str, Header(max_length=40)] = "",
) -> Response:
    """Answer the last message of a chat from the documents, in the form of an OpenAI chat completion; the extension
    field `appliance` holds citations and receipt."""
    asked = _asked(completion, x_purpose)

    def journey(cancel: threading.Event) -> Iterator[questions.Shown]:
        return questions.ask(
            appliance.asking, session.person, asked.purpose, asked.question, collection=asked.collection or None,
            narrowed=asked.narrowed, history=asked.history, cancel=cancel,
        )  # fmt: skip

    frame = _Frame(completion.model)
    if not completion.stream:
        *_, last = journey(threading.Event())
        assert isinstance(last, questions.Finished)
        return JSONResponse(frame.whole(last), last.error.http_status if last.error else 200)
    usage = bool(completion.stream_options and completion.stream_options.include_usage)

    def events(cancel: threading.Event) -> Iterator[dict[str, Any]]:
        for event in journey(cancel):
            yield from frame.chunks(event, usage)

    rights = standing(request, session, appliance, asked.purpose, asked.collection)
    return streams.stream(events, rights, end=b"data: [DONE]\n\n")


class _Frame:
    """Puts what a journey shows into the form of a completion."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._made = int(time.time())
        self._said = False

    def whole(self, last: questions.Finished) -> dict[str, Any]:
        """The completion as one object, or the one shape of an error where the question was refused."""
        if (error := last.error) is not None:
            return {"error": {"code": error.code, "message": error.message, "advice": error.advice, "type": error.code}}
        told = wire.finished(last)
        message = {"role": "assistant", "content": content(told), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": STATUS_NAMES[last.status], "logprobs": None}
        return {**self._head("chat.completion", last), "choices": [choice], "usage": _usage(told), "appliance": told}

    def chunks(self, event: questions.Shown, usage: bool) -> Iterator[dict[str, Any]]:
        """The chunks of an event: verified sentences as they come, then the rest, the result and the usage."""
        if isinstance(event, questions.Sentence):
            numbers = "".join(f"[{n}]" for n in event.citations)
            yield self._chunk({"role": "assistant", "content": f"{' ' if self._said else ''}{event.text} {numbers}"})
            self._said = True
        elif isinstance(event, questions.Finished):
            told = wire.finished(event)
            rest = content(told)
            if self._said:
                rest = sources(told)
            yield self._chunk({"role": "assistant", "content": rest})
            ending = self._chunk({}, STATUS_NAMES[event.status])
            yield {**ending, "id": _identifier(event), "appliance": told}
            if usage:
                yield {**self._chunk({}), "choices": [], "usage": _usage(told)}
        else:
            yield {**self._chunk({}), "appliance": wire.shown(event)}

    def _chunk(self, delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return {**self._head("chat.completion.chunk", None), "choices": [choice]}

    def _head(self, kind: str, last: questions.Finished | None) -> dict[str, Any]:
        identifier = _identifier(last) if last else "chatcmpl-pending"
        return {"id": identifier, "object": kind, "created": self._made, "model": self._model}


def content(told: dict[str, Any]) -> str:
    """The text of an answer for a client that shows nothing else: sentences with numbers, then what they cite."""
    if told["status"] == "refused":
        return ". ".join(filter(None, (told["reason"], told.get("advice"))))
    if told["status"] == "abstained":
        related = [f"[{c['n']}] {c['title']}, page {c['page']}: “{c['quote']}”" for c in told["related"]]
        return "\n".join([told["reason"], *(["", "Related, but not an answer:", *related] if related else [])])
    said = " ".join(f"{s['text']} {''.join(f'[{n}]' for n in s['citations'])}" for s in told["sentences"])
    return f"{said}{sources(told)}"


def sources(told: dict[str, Any]) -> str:
    """The citations of an answer as lines below it."""
    if told["status"] != "answered":
        return f"\n\n{content(told)}"
    lines = [f"[{c['n']}] {c['title']}, page {c['page']}" for c in told["citations"]]
    return "\n\n" + "\n".join(lines) if lines else ""


def _asked(completion: Completion, purpose: str) -> Asked:
    if completion.n not in (None, 1):
        raise UsageError("one answer is given to a question", "Leave n out")
    if completion.messages[-1].role != "user":
        raise UsageError("the last message is not the user's", "Send the question as the last message")
    said = [message.words() for message in completion.messages if message.role == "user"]
    head, _, collection = completion.model.partition("/")
    if head != MODEL:
        raise NotFound(f"there is no model {completion.model[:80]}", "See /v1/models")
    purpose_of_use = purpose_of(completion.purpose or purpose or Purpose.OPERATIONS.value)
    narrowed = narrowing(completion.documents, completion.kinds, completion.since, completion.until)
    return Asked(said[-1], tuple(said[:-1]), collection, purpose_of_use, narrowed)


def _identifier(last: questions.Finished) -> str:
    return f"chatcmpl-{last.receipt.receipt.record}"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "appliance"}


def _usage(told: dict[str, Any]) -> dict[str, int]:
    given, made = int(told["usage"]["prompt_tokens"]), int(told["usage"]["completion_tokens"])
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
