"""A time limit for detection: who waits is told in time, whatever the detectors do.

Python cannot stop a thread. So the work runs in a thread of its own, and when its time is up it is given up: nothing
of it is used, and it ends by itself at its next step. Code that never lets go of the interpreter (a backtracking
expression of `re` in somebody's recognizer) is stopped by the end of its process only: see `workers`.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import TypeVar

from appliance.errors import Quarantined

CHARACTERS = 20_000
"""Of text that a limit is given for; longer texts get proportionally more."""
_T = TypeVar("_T")


def limit(seconds: float, characters: int) -> float:
    """Seconds for a text of so many `characters`, where CHARACTERS have `seconds`."""
    return seconds * max(1.0, characters / CHARACTERS)


class Deadline:
    """When work must have ended, and which detector is at it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._at = "detection"

    def step(self, name: str) -> None:
        """The detector `name` begins. Raises Quarantined when the time is up."""
        if time.monotonic() > self._end:
            raise self.missed()
        self._at = name

    def missed(self) -> Quarantined:
        """What to raise when the time is up."""
        return Quarantined(
            f"the recognizer {self._at} did not end in {self._seconds:.0f} seconds, so nothing of this text is used",
            "Report it, or allow more time (detect_seconds); a document waits in quarantine",
        )


def within(seconds: float, work: Callable[[Deadline], _T]) -> _T:
    """What `work` returns or raises. Raises Quarantined, naming the detector, when `seconds` have gone by."""
    deadline = Deadline(seconds)
    result: Future[_T] = Future()

    def run() -> None:
        try:
            result.set_result(work(deadline))
        except BaseException as error:  # noqa: BLE001  Who waits raises it.
            result.set_exception(error)

    threading.Thread(target=run, name="detection", daemon=True).start()
    if not wait_for((result,), seconds).done:
        raise deadline.missed()
    return result.result()
