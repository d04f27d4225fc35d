"""`appliance worker`: a process beside the one that serves, which takes documents from the queue and works on them.

It needs the records on PostgreSQL, and stands on the same machine: it reads the encrypted originals and the key ring
of the home itself. Parsing, redacting, sealing and embedding are its own; for the audit log, and for an index in
process, it asks the owner (`shared.py`). Any number may run. One that is killed loses what it held after 20 seconds.
"""

import json
import signal
import sys
import threading
from contextlib import closing, suppress
from types import FrameType

from appliance import settings as settings_file
from appliance.assembly import terminal
from appliance.assembly.local import is_served
from appliance.errors import ApplianceError, Unavailable, UsageError
from appliance.isolation.priority import give_way
from appliance.isolation.process import shut_in
from appliance.settings import Settings
from appliance.storage import home as homes

LOOK_SECONDS = 0.5
"""Between two looks at what is due."""
PAUSE_SECONDS = 5.0
"""After something was not there: the database, the owner, space on the disk."""


def main(arguments: list[str]) -> int:
    """Work until stopped; with `--once`, until nothing is left to do. With `--json`, a JSON object a document."""
    terminal.prepare()
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()  # the document at hand is finished first

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    try:
        settings = settings_file.load()
        _check(settings)
        shut_in(settings)
        give_way(0, settings.background_niceness)
        work(settings, stop, once="--once" in arguments, as_json="--json" in arguments)
    except ApplianceError as error:
        return terminal.report(error)
    return 0


def work(settings: Settings, stop: threading.Event, *, once: bool, as_json: bool) -> None:
    """Take up what is due, one document after the other. What is not there is waited for, unless `once`."""
    from appliance import ingest
    from appliance.assembly.beside import Beside

    with closing(Beside(settings)) as opened:
        rooms = opened.ingesting
        print(json.dumps({"worker": rooms.work.holder}) if as_json else "Working.", flush=True)
        while not stop.is_set():
            try:
                outcome = ingest.take_up(rooms)
            except Unavailable as error:
                if once:
                    raise
                sys.stderr.write(f"appliance: {error}\n")
                stop.wait(PAUSE_SECONDS)
                continue
            if outcome is not None:
                told = {"version": outcome.version, "status": outcome.status, "seconds": outcome.seconds}
                print(json.dumps(told) if as_json else f"{outcome.version}: {outcome.status}", flush=True)
                continue
            with suppress(Unavailable):
                if once and not rooms.work.waiting()[0]:
                    return
            stop.wait(LOOK_SECONDS)


def _check(settings: Settings) -> None:
    homes.check(settings.home)
    if not settings.database_url:
        raise UsageError("workers share a PostgreSQL database", "Set database_url; see docs/operator.md")
    if not is_served(settings.home):
        raise Unavailable("the appliance of this worker does not answer", "Start `appliance serve` first")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
