"""What a server does beside its requests: takes up what was cut off, and what is due for another try."""

import threading
from collections.abc import Callable
from contextlib import suppress

from appliance import ingest
from appliance.assembly.parts import Appliance
from appliance.errors import ApplianceError
from appliance.upkeep import deletion

LOOK_SECONDS = 2.0
"""Between two looks at what is due."""


def start(appliance: Appliance) -> Callable[[], None]:
    """Begin; returns what ends it, after the document at hand."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep_up, args=(appliance, stop), name="background", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(timeout=LOOK_SECONDS)

    return end


def _keep_up(appliance: Appliance, stop: threading.Event) -> None:
    with suppress(ApplianceError):  # a full disk: what is hidden stays hidden, and is completed at the next start
        deletion.complete(appliance.holdings)
    with suppress(ApplianceError):
        for _ in ingest.resume(appliance.ingesting):
            if stop.is_set():
                return
    while not stop.wait(LOOK_SECONDS):
        waiting, seconds = appliance.work.waiting()
        while waiting and not seconds and not stop.is_set():
            try:
                if ingest.take_up(appliance.ingesting) is None:
                    break
            except ApplianceError:
                break  # it is due again later, and says why in the log
            waiting, seconds = appliance.work.waiting()

