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
import anyio.to_thread
from fastapi.responses import StreamingResponse

from appliance.errors import ApplianceError, Unavailable

KEEP_ALIVE_SECONDS = 15.0
WATCH_SECONDS = 1.0
MAX_STREAMS = 64
Events = Callable[[threading.Event], Iterator[dict[str, Any]]]
Standing = Callable[[], object]
"""Returns while the reader may still see what is streamed, and raises an ApplianceError from then on."""


class Streams:
    """The streams of one application; at most `limit` run at the same time."""

    def __init__(self, limit: int = MAX_STREAMS) -> None:
        self._limit = limit
        self._running = 0
        self._threads = ThreadPoolExecutor(limit, "stream")

    def stream(self, events: Events, standing: Standing = bool, end: bytes = b"") -> StreamingResponse:
        """Stream what `events` yields, each as one message. The event given to it is set when the reader goes
        away, and the iteration ends then.

        `standing` is asked before each message and each second: when it raises, the iteration is ended in the
        same way and what it raised is the last message. `end` is sent after the last message.

        Errors that come after the first byte are messages too, in the wire's error shape. Raises Unavailable
        when too many streams are running.
        """
        if self._running >= self._limit:
            raise Unavailable("too many questions are being answered", "Try again in a minute")
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._messages(events, standing, end), media_type="text/event-stream", headers=headers)

    async def _messages(self, events: Events, standing: Standing, end: bytes) -> AsyncIterator[bytes]:
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
                        tell(_framed(event))
            finally:
                tell(None)

        self._running += 1
        work = loop.run_in_executor(self._threads, run)
        try:
            async for message in _while_standing(waiting, standing, gone):
                yield message
            if not gone.is_set():
                await work
                if end:
                    yield end
        finally:
            gone.set()
            self._running -= 1
            with anyio.CancelScope(shield=True):
                await asyncio.wait([work])


async def _while_standing(
    waiting: "asyncio.Queue[bytes | None]", standing: Standing, gone: threading.Event
) -> AsyncIterator[bytes]:
    """The messages, until their end or until the reader may no longer see them (then `gone` is set); a comment, so
    that no proxy closes the connection, when none comes for a while."""
    quiet, watch = 0.0, min(WATCH_SECONDS, KEEP_ALIVE_SECONDS)
    while True:
        message: bytes | None = b""
        with suppress(TimeoutError):
            message = await asyncio.wait_for(waiting.get(), watch)
        if message is None:
            return
        try:
            await anyio.to_thread.run_sync(standing)
        except ApplianceError as error:
            gone.set()
            yield _framed(_error(error))
            return
        quiet = 0.0 if message else quiet + watch
        if message:
            yield message
        elif quiet >= KEEP_ALIVE_SECONDS:
            quiet = 0.0
            yield b": still working\n\n"


def _told(journey: Iterator[dict[str, Any]]) -> Generator[dict[str, Any], None, None]:
    try:
        yield from journey
    except ApplianceError as error:
        yield _error(error)


def _error(error: ApplianceError) -> dict[str, Any]:
    return {"error": {"code": error.code, "message": error.message, "advice": error.advice}}


def _framed(event: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"
