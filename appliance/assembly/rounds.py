"""What a server does by the clock: anchors the log outside, carries the retention schedule out once a day.

A place that cannot be reached is tried again at the next round; the dashboard shows when each was last done. A log
that is older than its anchor is recorded and told on standard error: somebody put a disk image back.
"""

import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from appliance.assembly.oversight import anchored
from appliance.assembly.parts import Appliance
from appliance.audit.checkpoint import Verifier
from appliance.errors import ApplianceError, IntegrityFailure
from appliance.upkeep import retention

DAY_SECONDS = 24 * 3600.0


def start(appliance: Appliance) -> Callable[[], None]:
    """Begin; returns what ends it."""
    stop = threading.Event()
    jobs = ((anchor, appliance.settings.anchor_minutes * 60), (retain, DAY_SECONDS))
    thread = threading.Thread(target=_go, args=(appliance, stop, jobs), name="rounds", daemon=True)
    thread.start()
    return stop.set


def anchor(appliance: Appliance) -> None:
    """Every place that the settings name, one after another."""
    witnesses = tuple(Verifier.parse(each) for each in appliance.settings.witnesses)
    for place in appliance.settings.anchor_folders:
        try:
            anchored(appliance, "system", place, witnesses)
        except IntegrityFailure as error:
            print(f"ALARM: {error}", file=sys.stderr, flush=True)
        except ApplianceError as error:
            print(f"anchor: {error}", file=sys.stderr, flush=True)


def retain(appliance: Appliance) -> None:
    """The retention schedule of the home."""
    days = retention.load(appliance.settings.policies)
    if days:
        retention.apply(appliance.holdings, appliance.holds, days, datetime.now(UTC))


def _go(
    appliance: Appliance, stop: threading.Event, jobs: tuple[tuple[Callable[[Appliance], None], float], ...]
) -> None:
    due = dict.fromkeys((job for job, _ in jobs), time.monotonic())
    while not stop.is_set():
        for job, seconds in jobs:
            if time.monotonic() >= due[job]:
                due[job] = time.monotonic() + seconds
                try:
                    job(appliance)
                except ApplianceError as error:
                    print(f"{job.__name__}: {error}", file=sys.stderr, flush=True)
        stop.wait(max(1.0, min(due.values()) - time.monotonic()))
