"""The answer as a stream: what comes in which order, and what is recorded when the reader leaves or asks too much."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from appliance import ask as questions
from appliance.assembly.parts import Appliance
from appliance.errors import AuditUnavailable
from appliance.web import streaming
from appliance.web.dependencies import COOKIE
from appliance.web.routes.asking import MAX_BODY_BYTES
from tests.web import site
from tests.web.conftest import Client

QUESTION = {"question": "Within what time must a unit of red cells be finished?", "purpose": "treatment"}


def events(text: str) -> list[dict[str, Any]]:
    """The messages of a stream of server-sent events."""
    return [json.loads(each.removeprefix("data: ")) for each in text.split("\n\n") if each.startswith("data: ")]


def outcomes(appliance: Appliance, since: int) -> list[tuple[str, str]]:
    """Kind and status of each record from `since` on."""
    return [(record.kind, record.public.get("status", "")) for record in appliance.log.records(since, opened=False)]


def test_quotes_come_before_sentences_and_the_receipt_comes_last(client: Client, appliance: Appliance) -> None:
    before = appliance.log.size
    answer = client("nina").post("/api/ask", json=QUESTION)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    told = events(answer.text)
    kinds = ["quotes" if "quotes" in each else "sentence" if "sentence" in each else "result" for each in told]
    assert kinds == ["quotes", *["sentence"] * (len(kinds) - 2), "result"]
    quotes, result = told[0]["quotes"], told[-1]
    assert result["status"] == "answered"
    assert any("4 hours" in each["quote"] for each in quotes)
    assert {n for each in result["sentences"] for n in each["citations"]} <= {each["n"] for each in quotes}
    assert result["receipt"]["index"] == appliance.log.size - 1
    assert result["receipt"]["proof"].startswith("c2sp.org/tlog-proof@v1")
    assert outcomes(appliance, before) == [
        ("question_asked", ""), ("passages_shown", ""), ("answer_given", "answered"),
    ]  # fmt: skip


def test_a_question_that_the_documents_do_not_answer_is_told_so(client: Client) -> None:
    told = events(client("nina").post("/api/ask", json={**QUESTION, "question": "Who won the cup in 1998?"}).text)
    assert [each["status"] for each in told] == ["abstained"]
    assert told[0]["sentences"] == []
    assert told[0]["reason"]


@pytest.mark.parametrize("question", ["", "   ", "\u202e\u0000\u0007", "?!?", "x" * 4001, "y" * 10_000_000])
def test_a_question_that_is_none_or_too_long_is_refused_in_words_with_a_record(
    client: Client, appliance: Appliance, question: str
) -> None:
    before = appliance.log.size
    told = events(client("nina").post("/api/ask", json={**QUESTION, "question": question}).text)
    assert [each["status"] for each in told] == ["refused"]
    assert told[0]["reason"]
    assert told[0]["advice"]
    assert told[0]["receipt"]["index"] == before
    assert [record.kind for record in appliance.log.records(before)] == ["question_refused"]
    assert len(json.dumps(told)) < 5000, "the question is not sent back"


def test_a_body_beyond_any_question_is_not_read_to_its_end(client: Client) -> None:
    answer = client("nina").post(
        "/api/ask", content=b"x" * (MAX_BODY_BYTES + 1), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


def test_somebody_without_the_grant_sees_nothing_of_it(client: Client, made: site.Made) -> None:
    answer = client("bob").post("/api/ask", json=QUESTION)
    assert made.versions["hospital/transfusion-sop.md"] not in answer.text
    assert "Transfusion" not in answer.text
    assert "4 hours" not in answer.text


def test_an_error_after_the_first_byte_is_a_message_of_the_same_shape(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> Iterator[questions.Shown]:
        raise AuditUnavailable("the audit log cannot be written (no space)", "Free disk space")
        yield

    monkeypatch.setattr(questions, "ask", broken)
    told = events(client("nina").post("/api/ask", json=QUESTION).text)
    wanted = {"code": "audit_unavailable", "message": "the audit log cannot be written (no space)"}
    assert told == [{"error": {**wanted, "advice": "Free disk space"}}]


def leave_after(app: FastAPI, person: TestClient, left: Callable[[bytes], bool]) -> bytes:
    """Ask over bare ASGI and go away as soon as `left` says so of what has come. Returns what had come."""
    body, came = json.dumps(QUESTION).encode(), b""
    headers = {
        "content-type": "application/json", "cookie": f"{COOKIE}={person.cookies[COOKIE]}",
        "x-csrf-token": person.headers["X-CSRF-Token"],
    }  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/api/ask", "raw_path": b"/api/ask", "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip

    async def exchange() -> None:
        gone, sent = anyio.Event(), False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal came
            came += message.get("body", b"")
            if left(came):
                gone.set()

        await app(scope, receive, send)

    with ThreadPoolExecutor(1) as elsewhere:  # this thread may have a loop of its own: the browser tests' driver
        elsewhere.submit(anyio.run, exchange).result()
    return came


class Endless:
    """Stands in front of the model: it writes on and on, until it is told to stop. Only its pace is made up."""

    def __init__(self, engine: Any) -> None:
        self.info = engine.info
        self._engine = engine
        self.stopped = threading.Event()

    def stream(self, messages: Any, *, cancel: threading.Event, **options: Any) -> Iterator[Any]:
        pieces = list(self._engine.stream(messages, cancel=cancel, **options))
        deadline = time.monotonic() + 30
        while not cancel.is_set() and time.monotonic() < deadline:
            yield pieces[0]
            time.sleep(0.01)
        if cancel.is_set():
            self.stopped.set()


def test_a_reader_who_goes_away_stops_the_model_and_is_recorded_as_interrupted(
    app: FastAPI, appliance: Appliance, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless(appliance.engine)
    monkeypatch.setattr(appliance, "engine", endless)
    before, began = appliance.log.size, time.monotonic()
    came = leave_after(app, client("nina"), lambda came: b'"quotes"' in came)
    assert b'"status"' not in came
    assert endless.stopped.is_set()
    assert time.monotonic() - began < 20
    assert outcomes(appliance, before)[1:] == [("passages_shown", ""), ("answer_given", "interrupted")]


def test_the_service_is_whole_after_readers_went_away(app: FastAPI, client: Client) -> None:
    person = client("nina")
    for _ in range(2):
        leave_after(app, person, lambda came: True)
    assert app.state.streams._running == 0
    assert events(person.post("/api/ask", json=QUESTION).text)[-1]["status"] == "answered"


def test_a_long_silence_is_filled_so_that_no_proxy_cuts_the_stream(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = questions.ask

    def slow(*args: Any, **options: Any) -> Iterator[questions.Shown]:
        time.sleep(0.5)
        yield from real(*args, **options)

    monkeypatch.setattr(questions, "ask", slow)
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.1)
    text = client("nina").post("/api/ask", json=QUESTION).text
    assert text.startswith(": still working\n\n")
    assert events(text)[-1]["status"] == "answered"


def test_too_many_at_once_are_told_to_come_again(client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.state.streams, "_limit", 0)
    answer = client("nina").post("/api/ask", json=QUESTION)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
