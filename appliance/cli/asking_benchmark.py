"""`appliance bench ask`: the speed of answering over 100,000 chunks, against plain LlamaIndex in the same run.

1. A home with synthetic chunks in the words of the sample documents, in ten collections. Vectors are random unit
   vectors (their values do not matter to an exact search); terms and BM25 weights are real.
2. The sample questions through retrieval and reranking in this process, by somebody who may read all of it, and
   by somebody who may read a tenth.
3. A server in a process of its own: seconds to the quotations, memory (PSS), then twenty people at once.
4. The same questions through the peer (`llamaindex_peer.py`).
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np

from appliance import ask
from appliance.access.grants import Purpose
from appliance.access.scope import default_label
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance, initialise
from appliance.cli import demonstration as demo
from appliance.cli.context import context
from appliance.cli.llamaindex_peer import Peer
from appliance.cli.output import output
from appliance.cli.serving import proportional_set, serving, sign_in
from appliance.documents.document import Original, Page
from appliance.evaluation.synthetic import Babbler
from appliance.search.embedding import lexical_text
from appliance.search.index import Point

CHUNKS = 100_000
COLLECTIONS = 10
VERSION_CHUNKS = 1000
PEOPLE = 20
PASSWORD = "only for this measurement"
GIB = 2**30
WANTED = {
    "retrieve_p50_ms": "80", "retrieve_p95_ms": "200", "quotes_p50_s": "0.4", "serving_memory_gib": "2.0",
    "times_faster_than_llamaindex": "5", "at_once_failures": "0", "at_once_quotes_p95_s": "1.5",
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What of a redacted document the catalog keeps."""

    kind: str = "text"
    title: str = "Manual"
    pages: tuple[Page, ...] = ()
    blackout: dict[int, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    profile_digest: str = ""


def bench_ask(folder: Path, limit: int, chunks: int = CHUNKS) -> dict[str, Any]:
    """All figures, by name, over `chunks` chunks and about `limit` questions (0: all that the samples have)."""
    context.home = folder / "home"
    context.overrides = {"insecure_plain_key_file": True}
    questions = [each["question"] for each in demo.ground_truth()["questions"]]
    questions = questions[:: max(1, len(questions) // limit)] if limit else questions
    peer = Peer()
    initialise(context.settings())
    appliance = Appliance.open(context.settings())
    try:
        started = time.perf_counter()
        fill(appliance, chunks, peer)
        result: dict[str, Any] = {"chunks": chunks, "fill_s": round(time.perf_counter() - started, 1)}
        result |= retrieval(appliance, questions)
        vectors = appliance.embed(questions)
    finally:
        appliance.close()
    output.note("serving")
    with serving(folder, folder / "server.log") as (address, process, _):
        people = [sign_in(address, f"reader{number}", PASSWORD) for number in range(PEOPLE)]
        alone = [asked(people[0], question) for question in questions]
        result |= seconds("quotes", [each["quotes"] for each in alone])
        result["serving_memory_gib"] = round(proportional_set(process) / GIB, 3)
        result |= at_once(people, questions)
    output.note("LlamaIndex")
    result |= peer.measure(questions, vectors)
    result["times_faster_than_llamaindex"] = round(result["llamaindex_p50_ms"] / result["retrieve_p50_ms"], 1)
    return result


def fill(appliance: Appliance, chunks: int, peer: Peer) -> None:
    """Ten collections of synthetic chunks, published, and twenty people who may read all of them."""
    babbler = Babbler(samples())
    random = np.random.default_rng(0)
    for number in range(PEOPLE):
        _do(appliance, "user.add", login=f"reader{number}", password=PASSWORD, groups=["all", f"only{number}"])
    for number in range(COLLECTIONS):
        name = f"manuals{number}"
        made = _do(appliance, "collection.create", name=name)
        _do(appliance, "grant.add", collection=name, principal="group:all", purposes=["operations"])
        collection = appliance.catalog.collection(made["id"])
        label, attributes = default_label(collection.id, dict(collection.attributes))
        appliance.catalog.add_label(label, attributes)
        output.note(f"collection {number + 1} of {COLLECTIONS}")
        for part in range(max(1, chunks // COLLECTIONS // VERSION_CHUNKS)):
            original = Original(f"manual-{number}-{part}.txt", "text", f"{number}/{part}".encode(), f"{number}-{part}")
            version, _ = appliance.catalog.receive(collection, label, original, collection.profile, "")
            rows = list(babbler.chunks(version.id, min(VERSION_CHUNKS, chunks // COLLECTIONS)))
            vectors = random.standard_normal((len(rows), appliance.embedder.dimensions)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            points = [
                Point(chunk.id, vector, appliance.lexicon.document(lexical_text(chunk)))
                for chunk, vector in zip(rows, vectors, strict=True)
            ]
            appliance.store.put(version.id, rows)
            appliance.index.put(version.id, label, collection.id, points)
            appliance.catalog.mark_indexed(version.id, Made(), len(rows))
            appliance.catalog.publish(version.id, on_publish=appliance.store.publish_statistics)
            peer.add(label, rows, points)
    appliance.index.flush()


def samples() -> list[str]:
    """Texts of the sample documents that are text as they lie."""
    kinds = (".md", ".html", ".csv", ".eml")
    return [file.read_text("utf-8") for file in sorted(demo.SAMPLES.glob("*/*")) if file.suffix in kinds]


def retrieval(appliance: Appliance, questions: list[str]) -> dict[str, float]:
    """Milliseconds of steps 5 and 6, everything readable, and a tenth of it."""
    person = appliance.people.by_login("reader0")
    figures: dict[str, float] = {}
    for prefix, collection in (("retrieve", None), ("retrieve_a_tenth", "manuals0")):
        scope = appliance.access.readable(person, Purpose.OPERATIONS, collection)
        guarded = [ask.guard(appliance.asking, scope, question) for question in questions]
        ask.retrieve(appliance.asking, scope, guarded[0], appliance.settings.passages)
        took = []
        for question in guarded:
            began = time.perf_counter()
            ask.retrieve(appliance.asking, scope, question, appliance.settings.passages)
            took.append(1000 * (time.perf_counter() - began))
        figures |= {f"{prefix}_p50_ms": round(median(took), 1), f"{prefix}_p95_ms": round(_p95(took), 1)}
    return figures


def asked(client: httpx.Client, question: str) -> dict[str, float]:
    """Seconds from sending a question to its quotations and to its end; `failed` is 1 when it had none. Why is said
    on standard error."""
    began = time.perf_counter()
    quotes, status = 0.0, ""
    with client.stream("POST", "/api/ask", json={"question": question, "purpose": "operations"}) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                if "quotes" in event or event.get("status") == "abstained":
                    quotes = quotes or time.perf_counter() - began
                status = event.get("status", status)
                if "error" in event:
                    output.note(f"failed: {event['error']['message']}")
    return {"quotes": quotes, "end": time.perf_counter() - began, "failed": float(not status or not quotes)}


def at_once(people: list[httpx.Client], questions: list[str]) -> dict[str, float]:
    """Twenty people send a question in the same moment."""
    pairs = [(person, questions[number % len(questions)]) for number, person in enumerate(people)]
    with ThreadPoolExecutor(len(pairs)) as pool:
        results = list(pool.map(lambda pair: asked(*pair), pairs))
    figures = {"at_once_people": len(pairs), "at_once_failures": int(sum(each["failed"] for each in results))}
    return {**figures, **seconds("at_once_quotes", [each["quotes"] for each in results]),
            "at_once_last_end_s": round(max(each["end"] for each in results), 1)}  # fmt: skip


def seconds(name: str, took: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {f"{name}_p50_s": round(median(took), 3), f"{name}_p95_s": round(_p95(took), 3)}


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def _do(appliance: Appliance, operation: str, **arguments: Any) -> dict[str, Any]:
    *_, result = perform(appliance, operation, arguments)
    return result
