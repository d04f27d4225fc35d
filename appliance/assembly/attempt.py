"""Something that may fail to open: when it did, nobody waits for it again at once."""

import time
from collections.abc import Callable
from typing import TypeVar

from appliance.errors import ApplianceError

AGAIN_SECONDS = 30.0
T = TypeVar("T")


class Attempt:
    """Remembers the last failure of something costly."""

    def __init__(self, again_seconds: float = AGAIN_SECONDS) -> None:
        self._again = again_seconds
        self._failed: ApplianceError | None = None
        self._failed_at = 0.0

    def make(self, opening: Callable[[], T]) -> T:
        """What `opening` returns. Raises what it raised, for `again_seconds` without trying it again."""
        if self._failed is not None and time.monotonic() - self._failed_at < self._again:
            raise self._failed
        try:
            return opening()
        except ApplianceError as error:
            self._failed, self._failed_at = error, time.monotonic()
            raise
