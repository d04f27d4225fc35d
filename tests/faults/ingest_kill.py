"""An ingestion of many files whose process, or whose parser, is killed with SIGKILL at random moments, then checked.

    python ingest_kill.py FOLDER FILES KILLS SEED

Real: parser in its cage, vault, key ring, chunks, index, catalog, audit log, files. Models are replaced by functions
that are fast and always say the same, so that what differs from a clean run is a fault of the ingestion.
Prints one JSON object. Exits 1 at the first document that is lost, half visible or doubled.
"""

import hashlib
import json
import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from appliance import settings
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance, initialise
from appliance.errors import Unavailable
from appliance.redaction.findings import Finding, Findings
from appliance.search.embedding import Embedder
from appliance.search.rebuild import compare
from appliance.settings import Settings
from appliance.upkeep import deletion, ingestion, storage

NAMED = re.compile(r"Dr ([A-Z][a-z]+ [A-Z][a-z]+)")
SURROGATE = re.compile(r"\[PERSON:[a-z2-7]+\]")
NAMES = ("Ottoline Marchbanks", "Barnaby Thistlewood", "Perpetua Underhill", "Ignatius Greengrass", "Rosa Applegarth")


ARMED = threading.Event()
"""Set while files are taken in: faults strike then, not while a home is opened."""
SHARED: dict[str, object] = {}
"""Parts that outlive an appliance, for tests in one process."""


class Names:
    """Finds what `NAMED` matches: a detector without a model."""

    def find(self, texts: Sequence[str], profile: object, **_: object) -> Findings:
        """See `Detector.find`."""
        items = [
            Finding(block, match.start(1), match.end(1), "PERSON", 0.9, "names")
            for block, text in enumerate(texts) for match in NAMED.finditer(text)
        ]  # fmt: skip
        return Findings(tuple(items), profile.name, profile.digest)


def vector(text: str) -> np.ndarray:
    """A vector drawn from a text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).normal(size=384).astype(np.float32)


def opened(home: Path) -> Appliance:
    """The home with fast models."""
    appliance = Appliance.open(chosen(home))
    embedder = Embedder(lambda texts: np.stack([vector(text) for text in texts]), 384, "drawn")
    appliance.__dict__.update(embedder=embedder, detector=Names(), **SHARED)
    return appliance


def chosen(home: Path) -> Settings:
    """Settings of a home of this campaign."""
    return settings.load(home, insecure_plain_key_file=True, audit_reserve_bytes=0, audit_seconds=20.0)


def write_files(folder: Path, count: int) -> None:
    """Small Markdown files about the same few people, each with something of its own."""
    folder.mkdir()
    for n in range(count):
        parts = [f"# Rule {n}"]
        for p in range(1 + n % 4):
            parts.append(f"## Part {p}\n\n" + f"Valve {n}-{p} is checked by Dr {NAMES[(n + p) % 5]}. " * 12)
        (folder / f"rule-{n:03}.md").write_text("\n\n".join(parts) + "\n")


def take_in(home: Path, folder: Path, to: int = -1) -> None:
    """What a person does after a crash: the same command again. Says when it begins."""
    appliance = opened(home)
    if to >= 0:
        os.write(to, b"!")
    ARMED.set()
    try:
        deletion.complete(appliance.holdings)
        grant = appliance.access.system_write("rules", "test")
        files = [ingestion.File(path, path.name) for path in sorted(folder.iterdir())]
        for news in ingestion.run(appliance.ingesting, grant, files, 3):
            if news.outcome is not None and news.outcome.status not in ("published", "duplicate", "waiting"):
                raise AssertionError(f"{news.path.name}: {news.outcome.status} {news.outcome.reason}")
    finally:
        ARMED.clear()
        appliance.close()


def child(work: Callable[[], None]) -> int:
    """Fork, run `work`, and leave without cleaning up."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except Unavailable as error:
            sys.stderr.write(f"{error}\n")
            os._exit(error.exit_code)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            raise
        finally:
            os._exit(1)
    return pid


def ended(pid: int, seconds: float) -> int | None:
    """The wait status of a child that ends within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.005)
    return None


def parsers_of(pid: int) -> list[psutil.Process]:
    """The warm parser of a process and what it forked."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def story(home: Path) -> tuple[list[tuple[str, ...]], str]:
    """What a reader can see, without what is random: the published texts, document by document. And a complaint."""
    appliance = opened(home)
    try:
        rules = appliance.catalog.collection("rules")
        versions = appliance.catalog.documents([rules.id])
        wrong = [each.name for each in storage.examine(appliance.holdings, home) if each.owners]
        if wrong or appliance.catalog.unfinished():
            return [], f"the parts disagree: {wrong}, {len(appliance.catalog.unfinished())} unfinished"
        if not compare(appliance.index, appliance.store).agrees:
            return [], "index and store disagree"
        if not (found := appliance.log.verify()).ok:
            return [], f"the log is broken: {found.first_error}"
        texts = []
        for version in versions:
            chunks = appliance.store.of_version(version.id)
            if version.status != "published" or appliance.index.ids(version.id) != {c.id for c in chunks}:
                return [], f"a document is {version.status} or half visible"
            if not appliance.originals.kept(version.id):
                return [], "an original is lost"
            texts.append(tuple(SURROGATE.sub("[PERSON]", chunk.text) for chunk in chunks))
            for surrogate in {each for c in chunks for each in SURROGATE.findall(c.text)}:
                if appliance.vault.reveal(rules.id, surrogate) not in NAMES:
                    return [], "a surrogate stands for nobody"
        if len({each.document for each in versions}) != len(versions):
            return [], "a document has two visible versions"
        return sorted(texts), ""
    finally:
        appliance.close()


def main(folder: Path, count: int, kills: int, seed: int) -> None:
    """Ingest with kills until `kills` were made, home after home; compare each with a clean run."""
    chance = random.Random(seed)
    files = folder / "files"
    write_files(files, count)
    prepare(folder / "clean")
    began = time.monotonic()
    assert ended(child(partial(take_in, folder / "clean", files)), 300) == 0
    most = time.monotonic() - began
    clean, complaint = story(folder / "clean")
    assert (complaint, len(clean)) == ("", count)
    made = {"process": 0, "parser": 0}
    homes = 0
    while sum(made.values()) < kills:
        home = folder / f"home-{homes}"
        homes += 1
        prepare(home)
        for _ in range(2 * count):
            begun, to = os.pipe()
            pid = child(partial(take_in, home, files, to))
            os.close(to)
            os.read(begun, 1)
            os.close(begun)
            status = ended(pid, chance.random() * most * 0.7)
            kind = chance.choice(("process", "process", "parser"))
            if status is None and kind == "parser" and (parsers := parsers_of(pid)):
                os.kill(chance.choice(parsers).pid, signal.SIGKILL)
                made["parser"] += 1
                status = ended(pid, chance.random() * most * 0.5)
            if status is None:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                made["process"] += 1
                if sum(made.values()) < kills:
                    continue
            elif status == 0:
                break
            elif os.waitstatus_to_exitcode(status) != Unavailable.exit_code:
                raise SystemExit(f"the ingestion ended with {status}")
        assert ended(child(partial(take_in, home, files)), 300) == 0
        seen, complaint = story(home)
        if complaint or seen != clean:
            missing = len([each for each in clean if each not in seen])
            raise SystemExit(f"{home}: {complaint or f'{missing} documents differ, {len(seen)} of {count} are there'}")
        print(f"{made} {homes} homes", file=sys.stderr, flush=True)
    print(json.dumps({"files": count, "homes": homes, "kills": made, "lost": 0, "half_visible": 0, "doubled": 0}))


def prepare(home: Path) -> None:
    """A new home with an empty collection."""
    initialise(chosen(home))
    appliance = Appliance.open(chosen(home))
    list(perform(appliance, "collection.create", {"name": "rules"}))
    appliance.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
