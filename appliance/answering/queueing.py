"""Queues before what few can use at once: first come, first served.

A language model on two cores writes for one reader at a time. Who waits for it has their quotations already; who
waits too long, or leaves, gives up the place at once.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

POLL_SECONDS = 0.1


class Place:
    """A place in a queue. `ahead` is how many are served or wait before it; 0 when it is its turn."""

    def __init__(self, queue: "Queue") -> None:
        self._queue = queue

    def wait(self, seconds: float, cancel: Event | None = None) -> Iterator[int]:
        """Yields the place, 1 for the next, each time it changes, until it is this one's turn.

        Ends early when `cancel` is set or `seconds` have passed: see `has_turn`.
        """
        until, told = time.monotonic() + seconds, 0
        while (ahead := self._queue.ahead(self)) > 0:
            if time.monotonic() > until or (cancel is not None and cancel.is_set()):
                return
            if ahead != told:
                told = ahead
                yield ahead
            self._queue.pause()

    @property
    def has_turn(self) -> bool:
        """Whether it is this place's turn."""
        return self._queue.ahead(self) == 0


class Queue:
    """A queue with room for `slots` at once. Thread-safe."""

    def __init__(self, slots: int = 1) -> None:
        self._slots = slots
        self._places: deque[Place] = deque()
        self._moved = threading.Condition()

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place at the end of the queue, given up when the block ends."""
        place = Place(self)
        with self._moved:
            self._places.append(place)
        try:
            yield place
        finally:
            with self._moved:
                self._places.remove(place)
                self._moved.notify_all()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, however long, and keep it until the block ends."""
        with self.place() as place:
            for _ in place.wait(float("inf")):
                pass
            yield

    def ahead(self, place: Place) -> int:
        """How many places must be given up before it is the turn of `place`."""
        with self._moved:
            return max(0, self._places.index(place) - self._slots + 1)

    def pause(self) -> None:
        """Return when the queue moved, or after a tenth of a second."""
        with self._moved:
            self._moved.wait(POLL_SECONDS)
