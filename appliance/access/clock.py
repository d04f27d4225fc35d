"""The time by which sign-ins and tokens end. It never goes back: what has expired stays expired.

A clock that is set back would bring ended sessions and tokens to life again. So the latest time seen counts,
from the newest record of the audit log at start (whose times never decrease) on.
"""

import threading
from datetime import UTC, datetime


class Clock:
    """UTC, never decreasing within a process. Thread-safe."""

    def __init__(self) -> None:
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time, or the latest that was seen if the system's clock went back."""
        with self._lock:
            self._latest = max(self._latest, self._read())
            return self._latest

    def saw(self, time: str) -> None:
        """Take note of an ISO 8601 time that has passed."""
        with self._lock:
            self._latest = max(self._latest, datetime.fromisoformat(time))

    def _read(self) -> datetime:
        return datetime.now(UTC)
