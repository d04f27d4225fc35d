"""A journey's events to the page as they come: server-sent events (WHATWG HTML, section 9.2)."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

from anyio import CancelScope, to_thread
from fastapi.responses import StreamingResponse

from appliance.errors import ApplianceError

Events = Callable[[threading.Event], Iterator[dict[str, Any]]]


def stream(events: Events) -> StreamingResponse:
    """Stream what `events` yields, each as one message. The event given to it is set when the reader goes away,
    and the generator is then closed.

    Errors that come after the first byte are messages too, in the wire's error shape.
    """
    return StreamingResponse(_messages(events), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _messages(events: Events) -> AsyncIterator[bytes]:
    gone = threading.Event()
    journey = _told(events(gone))
    one_at_a_time = threading.Lock()

    def step() -> dict[str, Any] | None:
        with one_at_a_time:
            return next(journey, None)

    def finish() -> None:
        with one_at_a_time:
            journey.close()

    try:
        while (event := await to_thread.run_sync(step, abandon_on_cancel=True)) is not None:
            yield f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
    finally:
        gone.set()
        with CancelScope(shield=True):
            await to_thread.run_sync(finish)


def _told(journey: Iterator[dict[str, Any]]) -> Generator[dict[str, Any], None, None]:
    try:
        yield from journey
    except ApplianceError as error:
        yield {"error": {"code": error.code, "message": error.message, "advice": error.advice}}
