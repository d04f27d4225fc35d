"""`appliance bench ingest`: how fast files become searchable, beside a plain LlamaIndex pipeline over the same files.

1. Made-up text files: `appliance ingest` in a process of its own, from its start to its end; memory is the summed
   PSS of all its processes, looked at all the while.
2. The peer in a process of its own, over the same files with the same models.
3. A text PDF of many pages, from its bytes to published, beside each stage alone on the same machine; then a new
   version of it in which one page differs, and the first view of a page.
4. A document deleted.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from appliance import ingest
from appliance.assembly.parts import Appliance, initialise
from appliance.cli.context import context
from appliance.documents.document import Original
from appliance.errors import ApplianceError
from appliance.evaluation import ingest_corpus
from appliance.redaction.hints import hints_of
from appliance.redaction.redact import texts_of
from appliance.search.embedding import embedded_text
from appliance.settings import Settings
from appliance.upkeep.deletion import delete_document

FILES = 300
PAGES = 100
LOOK_SECONDS = 0.5
SAMPLES = Path(__file__).parents[2] / "sample_docs"
WANTED = {
    "files_a_second_against_llamaindex": "2",
    "memory_against_llamaindex": "below 1",
    "pdf_end_to_end_against_slowest_stage": "0.8",
    "pdf_parse_pages_a_second": "60",
    "delete_s": "1",
}


def bench_ingest(folder: Path, limit: int) -> dict[str, Any]:
    """All figures, by name. `limit` is the number of files; 0 for FILES."""
    context.overrides = {"insecure_plain_key_file": True}
    context.home = folder / "home"
    settings = context.settings()
    samples = ingest_corpus.paragraphs(SAMPLES)
    files = folder / "files"
    characters = ingest_corpus.write_files(files, samples, limit or FILES)
    initialise(settings)
    own = measured(
        [sys.executable, "-m", "appliance.cli.main", "--json", "--home", str(settings.home), "ingest", str(files),
         "--collection", "bench"],
    )  # fmt: skip
    published = sum(each["status"] == "published" for each in own["said"]["documents"])
    peer = measured(
        [sys.executable, "-m", "appliance.cli.ingest_peer", str(files), str(folder / "peer"), str(settings.packs),
         settings.embedding_pack, settings.spacy_pack],
    )  # fmt: skip
    count = limit or FILES
    return {
        "files": count,
        "characters": characters,
        "published": published,
        "chunks": sum(each["chunks"] for each in own["said"]["documents"]),
        "files_a_second": round(count / own["seconds"], 3),
        "memory_mib": own["memory_mib"],
        "llamaindex_files_a_second": round(count / peer["seconds"], 3),
        "llamaindex_memory_mib": peer["memory_mib"],
        "llamaindex_chunks": peer["said"]["chunks"],
        "files_a_second_against_llamaindex": round(peer["seconds"] / own["seconds"], 3),
        "memory_against_llamaindex": round(own["memory_mib"] / peer["memory_mib"], 3),
        **pdf_figures(settings, samples, PAGES if count >= FILES else max(1, count // 3)),
        "processors": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
    }


def measured(command: Sequence[str]) -> dict[str, Any]:
    """Run a command: what it said, seconds, and its greatest summed PSS in MiB. Raises ApplianceError if it failed."""
    environment = {**os.environ, "APPLIANCE_INSECURE_PLAIN_KEY_FILE": "1"}
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        most = [0]
        watching = threading.Thread(target=_watch, args=(run.pid, most), daemon=True)
        watching.start()
        said, errors = run.communicate()
    seconds = time.perf_counter() - began
    if run.returncode not in (0, 1) or not said.strip():
        raise ApplianceError("a measured command failed", errors.strip().splitlines()[-1] if errors.strip() else "")
    return {"said": json.loads(said.splitlines()[-1]), "seconds": seconds, "memory_mib": most[0] >> 20}


def pdf_figures(settings: Settings, samples: Sequence[str], pages: int) -> dict[str, Any]:
    """A text PDF end to end, and its stages alone: pages a second of each, and processor seconds a page."""
    content, second = (ingest_corpus.pdf(samples, pages, changed=changed) for changed in (0, pages // 2))
    appliance = Appliance.open(settings)
    try:
        rooms, original = appliance.ingesting, Original("bench.pdf", "pdf", content, "")
        profile = rooms.profiles.checked(settings.redaction_profile)
        appliance.embedder.encode(["warm"])
        appliance.detector.find(["warm"], profile)
        document, parse = _timed(lambda: appliance.sandbox.parse(original))
        texts, hints = texts_of(document, original.name), hints_of(document)
        _, detect = _timed(lambda: appliance.detector.find(texts, profile, hints=hints))
        grant = appliance.access.system_write("bench", "bench")
        before = time.process_time()
        outcome, whole = _timed(lambda: ingest.ingest(rooms, grant, content, original.name))
        used = time.process_time() - before
        if outcome.status != "published":
            raise ApplianceError(f"the PDF was {outcome.status}", outcome.reason)
        chunks = appliance.store.of_version(outcome.version)
        _, embed = _timed(lambda: appliance.embedder.encode([embedded_text(chunk) for chunk in chunks]))
        _, again = _timed(lambda: ingest.ingest(rooms, grant, second, original.name))
        _, view = _timed(lambda: appliance.drawing.image(appliance.catalog.version(outcome.version), 1))
        _, deleting = _timed(lambda: delete_document(appliance.holdings, outcome.document, actor="bench"))
    finally:
        appliance.close()
    slowest = max(parse, detect, embed)
    return {
        "pdf_pages": pages,
        "pdf_chunks": len(chunks),
        "pdf_parse_pages_a_second": round(pages / parse, 1),
        "pdf_detect_pages_a_second": round(pages / detect, 2),
        "pdf_embed_pages_a_second": round(pages / embed, 2),
        "pdf_end_to_end_pages_a_second": round(pages / whole, 2),
        "pdf_end_to_end_against_slowest_stage": round(slowest / whole, 3),
        "pdf_processors_busy": round(used / whole, 2),
        "pdf_new_version_pages_a_second": round(pages / again, 2),
        "pdf_first_view_of_a_page_s": round(view, 3),
        "delete_s": round(deleting, 3),
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    done = work()
    return done, time.perf_counter() - began


def _watch(pid: int, most: list[int]) -> None:
    """Keep the greatest summed PSS, in bytes, of a process and its children until it ends."""
    while True:
        try:
            process = psutil.Process(pid)
            now = 0
            for each in [process, *process.children(recursive=True)]:
                try:
                    now += each.memory_full_info().pss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
        except psutil.NoSuchProcess:
            return
        most[0] = max(most[0], now)
        time.sleep(LOOK_SECONDS)
