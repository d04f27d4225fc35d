"""A journey's events to the page as they come: server-sent events (WHATWG HTML, section 9.2).

A journey runs in a thread of its own, and the connection only carries what it yields. So a reader that goes
away is noticed at once, in the middle of a step too: the journey is told, ends, and records how.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import anyio
from fastapi.responses import StreamingResponse

from appliance.errors import ApplianceError, Unavailable

KEEP_ALIVE_SECONDS = 15.0
MAX_STREAMS = 64
Events = Callable[[threading.Event], Iterator[dict[str, Any]]]


class Streams:
    """The streams of one application; at most `limit` run at the same time."""

    def __init__(self, limit: int = MAX_STREAMS) -> None:
        self._limit = limit
        self._running = 0
        self._threads = ThreadPoolExecutor(limit, "stream")

    def stream(self, events: Events) -> StreamingResponse:
        """Stream what `events` yields, each as one message. The event given to it is set when the reader goes
        away, and the iteration ends then.

        Errors that come after the first byte are messages too, in the wire's error shape. Raises Unavailable
        when too many streams are running.
        """
        if self._running >= self._limit:
            raise Unavailable("too many questions are being answered", "Try again in a minute")
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._messages(events), media_type="text/event-stream", headers=headers)

    async def _messages(self, events: Events) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        gone = threading.Event()

        def tell(message: bytes | None) -> None:
            loop.call_soon_threadsafe(waiting.put_nowait, message)

        def run() -> None:
            try:
                with closing(_told(events(gone))) as journey:
                    for event in journey:
                        if gone.is_set():
                            return
                        tell(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
            finally:
                tell(None)

        self._running += 1
        work = loop.run_in_executor(self._threads, run)
        try:
            while (message := await _next(waiting)) is not None:
                yield message
            await work
        finally:
            gone.set()
            self._running -= 1
            with anyio.CancelScope(shield=True):
                await asyncio.wait([work])


async def _next(waiting: "asyncio.Queue[bytes | None]") -> bytes | None:
    """The next message; a comment, so that no proxy closes the connection, when none comes for a while."""
    with suppress(TimeoutError):
        return await asyncio.wait_for(waiting.get(), KEEP_ALIVE_SECONDS)
    return b": still working\n\n"


def _told(journey: Iterator[dict[str, Any]]) -> Generator[dict[str, Any], None, None]:
    try:
        yield from journey
    except ApplianceError as error:
        yield {"error": {"code": error.code, "message": error.message, "advice": error.advice}}
