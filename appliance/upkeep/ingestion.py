"""Many documents at once: stages of different documents overlap and fill the processors.

A few threads each take one document through its journey (`appliance/ingest.py`). They meet at what is there once:
parsing children, detection processes, the embedding model, the index. So one document is parsed while another is
read for names and a third is embedded, and never more of them are in memory than there are threads.

What fails is tried again (`documents/work.py`) while others go on; `run` returns when nothing is left to do now.

Where workers may stand beside this process (the records are on PostgreSQL), every file is received first, so that
they find it in the queue, and the threads take from there like everybody else.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from appliance import ingest
from appliance.access.grants import WriteGrant
from appliance.errors import ApplianceError, NotFound
from appliance.ingest import Outcome, Rooms

BESIDE = 2
"""Threads more than processors: for documents that wait for a parser, a disk, a lock."""
LOOK_SECONDS = 0.1
"""Between two looks at a queue from which others take too."""
PATIENCE_SECONDS = 60.0
"""How long `run` waits for what is tried again, after the last document."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to take in. `place` is its path below the folder it was found in: what it is known by."""

    path: Path
    place: str


@dataclass(frozen=True, slots=True)
class News:
    """A file's new stage, or its outcome; how many are done, how fast, and seconds left by that rate."""

    position: int
    total: int
    path: Path
    stage: str
    outcome: Outcome | None = None
    done: int = 0
    files_a_second: float = 0.0
    pages_a_second: float = 0.0
    seconds_left: float = 0.0


class Meter:
    """Counts what is done and says how fast. Thread-safe."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self.done = self.pages = 0

    def count(self, pages: int) -> None:
        """One file more is done."""
        with self._lock:
            self.done += 1
            self.pages += pages

    def told(self, news: News) -> News:
        """`news` with the rates of this moment."""
        with self._lock:
            seconds = max(1e-9, self._clock() - self._started)
            rate = self.done / seconds
            left = (self._total - self.done) / rate if self.done else 0.0
            return replace(
                news, done=self.done, files_a_second=round(rate, 2), pages_a_second=round(self.pages / seconds, 2),
                seconds_left=round(left, 1),
            )  # fmt: skip


def run(
    rooms: Rooms, grant: WriteGrant, files: Sequence[File], threads: int, *, patience: float = PATIENCE_SECONDS
) -> Iterator[News]:
    """Take files in, `threads` at a time; yields each one's stages and outcome as they come.

    Raises what stops everybody (Unavailable: a full disk, no audit device) when the files begun have ended; the
    rest is not begun. What waits for another try has the outcome `waiting`, and another one when it was tried.
    """
    told: queue.SimpleQueue[News | ApplianceError | None] = queue.SimpleQueue()
    meter = Meter(len(files))
    stopped = threading.Event()
    paths: dict[str, tuple[int, Path]] = {}

    def one(position: int, file: File) -> None:
        if stopped.is_set():
            return
        news = News(position, len(files), file.path, "started")
        told.put(news)
        try:
            outcome = ingest.ingest(
                rooms, grant, file.path, file.path.name, place=file.place,
                progress=lambda stage: told.put(replace(news, stage=stage)),
            )  # fmt: skip
        except ApplianceError as error:
            stopped.set()
            told.put(error)
            return
        paths[outcome.version] = position, file.path
        meter.count(outcome.pages)
        told.put(meter.told(replace(news, stage=outcome.status, outcome=outcome)))

    def took(outcome: Outcome) -> None:
        position, path = paths.get(outcome.version, (0, Path(outcome.version)))
        told.put(meter.told(News(position, len(files), path, outcome.status, outcome)))

    def again() -> None:
        deadline = time.monotonic() + patience
        while not stopped.is_set() and time.monotonic() < deadline:
            if (outcome := ingest.take_up(rooms)) is not None:
                took(outcome)
                continue
            waiting, seconds = rooms.work.waiting()
            if not waiting:
                return
            time.sleep(min(1.0, max(0.05, seconds or 0.0)))

    def everything() -> None:
        try:
            if rooms.settings.database_url and len(files) > threads:
                _Shared(rooms, grant, files, paths, stopped, meter, told.put).run(threads, patience)
                return
            with ThreadPoolExecutor(threads, "ingest") as pool:
                for work in [pool.submit(one, n, file) for n, file in enumerate(files, 1)]:
                    work.result()
            again()
        finally:
            told.put(None)

    conductor = threading.Thread(target=everything, name="ingestion")
    conductor.start()
    failure: ApplianceError | None = None
    try:
        while (news := told.get()) is not None:
            if isinstance(news, ApplianceError):
                failure = failure or news
            else:
                yield news
    finally:
        stopped.set()
        conductor.join()
    if failure is not None:
        raise failure


class _Shared:
    """Files that this process receives and whoever looks works on."""

    def __init__(
        self, rooms: Rooms, grant: WriteGrant, files: Sequence[File], paths: dict[str, tuple[int, Path]],
        stopped: threading.Event, meter: Meter, tell: Callable[[News | ApplianceError], None],
    ) -> None:  # fmt: skip
        self._rooms, self._grant, self._files, self._paths = rooms, grant, files, paths
        self._stopped, self._meter, self._tell = stopped, meter, tell
        self._left: set[str] = set()
        self._lock = threading.Lock()

    def run(self, threads: int, patience: float) -> None:
        """Receive everything while `threads` take from the queue; return when all of it has ended, or what is left
        waits for another try longer than `patience`."""
        with ThreadPoolExecutor(threads + 1, "ingest") as pool:
            receiving = pool.submit(self._receive)
            for work in [pool.submit(self._take, receiving, patience) for _ in range(threads)]:
                work.result()
            receiving.result()

    def _receive(self) -> None:
        for position, file in enumerate(self._files, 1):
            if self._stopped.is_set():
                return
            news = News(position, len(self._files), file.path, "started")
            self._tell(news)
            try:
                taken = ingest.receive(self._rooms, self._grant, file.path, file.path.name, place=file.place)
            except ApplianceError as error:
                self._stopped.set()
                self._tell(error)
                return
            if isinstance(taken, Outcome):
                self._meter.count(taken.pages)
                self._tell(self._meter.told(replace(news, stage=taken.status, outcome=taken)))
                continue
            with self._lock:
                self._paths[taken.version.id] = position, file.path
                self._left.add(taken.version.id)
            self._rooms.work.offer(taken.version.id)

    def _take(self, receiving: "Future[None]", patience: float) -> None:
        deadline = time.monotonic() + patience
        while not self._stopped.is_set():
            try:
                outcome = ingest.take_up(self._rooms, self._stage)
                if outcome is None:
                    self._settle()
                else:
                    self._end(outcome)
            except ApplianceError as error:
                self._stopped.set()
                self._tell(error)
                return
            if outcome is not None or not receiving.done() or self._rooms.work.held(self._left):
                deadline = time.monotonic() + patience
            if (receiving.done() and not self._left) or time.monotonic() > deadline:
                return
            if outcome is None:
                time.sleep(LOOK_SECONDS)

    def _stage(self, version: str, stage: str) -> None:
        position, path = self._paths.get(version, (0, Path(version)))
        self._tell(News(position, len(self._files), path, stage))

    def _settle(self) -> None:
        """Tell of what others have ended."""
        with self._lock:
            waited = set(self._left)
        for identifier in waited - {version.id for version in self._rooms.catalog.unfinished()}:
            try:
                self._end(ingest.ended(self._rooms.catalog.version(identifier)))
            except NotFound:
                self._end(Outcome("", identifier, "deleted", "it was deleted meanwhile"))

    def _end(self, outcome: Outcome) -> None:
        with self._lock:
            mine = outcome.version in self._left
            if mine and outcome.status not in ("waiting", "received"):
                self._left.discard(outcome.version)
                self._meter.count(outcome.pages)
        if mine or outcome.version not in self._paths:
            position, path = self._paths.get(outcome.version, (0, Path(outcome.version)))
            told = News(position, len(self._files), path, outcome.status, outcome)
            self._tell(self._meter.told(told))
