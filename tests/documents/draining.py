"""A worker of the queue as a process: `python -m tests.documents.draining HOME LEASE SECONDS WHAT`.

It says `ready`, waits for a line, then takes versions until none is left, writes `VERSION TRIES VANISHED` of each and
at the end `over` and the machine's clock.
WHAT is `work` (each lasts SECONDS), `hang` (take one, never let go), or `fail` (everything fails).
"""

import sys
import time
from pathlib import Path

from appliance.documents.catalog import Catalog
from appliance.documents.work import MOST_TRIES, Work
from appliance.settings import load
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing


def main(home: str, lease: str, seconds: str, what: str) -> None:
    settings = load(Path(home))
    database, keys = Database.of(settings), KeyRing.open(settings)
    work, catalog = Work(database, float(lease), role="worker"), Catalog(database, keys)
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        taken = work.take()
        if taken is None:
            count, due = work.waiting()
            if not count or due is None:
                break
            time.sleep(min(0.02, max(0.0, due)))
            continue
        with work.holding(taken):
            print(taken.version, taken.tries, taken.vanished, flush=True)
            if what == "hang":
                time.sleep(3600)
            time.sleep(float(seconds))
            if what == "fail":
                if work.retry(taken.version, blame=True) >= MOST_TRIES:
                    catalog.fail(taken.version, "set aside")
                continue
            catalog.fail(taken.version, "done")
    print("over", time.monotonic(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
