"""Record ids, with the keys of records that seal something made ahead of need.

A record's own key must be durable in the key ring before the record is. Under load many are made in one
write, in a thread of their own, so that an append waits for the log alone. Keys made and never used lie
in the ring and seal nothing.
"""

import threading
from collections import deque
from contextlib import suppress

from appliance.audit.record import new_id, own_scope
from appliance.errors import Unavailable
from appliance.storage.keys import KeyRing

MOST_AHEAD = 1024
AT_ONCE = 128
START_AT = 8
STOP_SECONDS = 2.0


class RecordIds:
    """Hands out ids. Thread-safe."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._ready: deque[str] = deque()
        self._filling = threading.Lock()
        self._stopped = False

    def take(self, count: int) -> list[str]:
        """`count` fresh ids whose own keys exist. Raises Unavailable when the ring cannot be written."""
        ids = [self._ready.popleft() for _ in range(min(count, len(self._ready)))]
        missing = count - len(ids)
        if missing:
            ids += self._make(missing)
        if count >= START_AT and len(self._ready) < MOST_AHEAD // 2 and self._filling.acquire(blocking=False):
            threading.Thread(target=self._fill, name="audit-keys", daemon=True).start()
        return ids

    def stop(self) -> None:
        """Make no more; afterwards the key ring may be closed."""
        self._stopped = True
        self._filling.acquire(timeout=STOP_SECONDS)

    def _fill(self) -> None:
        try:
            with suppress(Unavailable):
                while len(self._ready) < MOST_AHEAD and not self._stopped:
                    self._ready.extend(self._make(AT_ONCE))
        finally:
            self._filling.release()

    def _make(self, count: int) -> list[str]:
        ids = [new_id() for _ in range(count)]
        self._keys.ensure(own_scope(record) for record in ids)
        return ids
