"""`appliance bench demo`: the figures of the sample documents, measured on a running server as a person meets it.

1. A new home; the sample documents ingested.
2. `appliance serve` in a process of its own: seconds from its start to the first quotes.
3. All sample questions over HTTP, by somebody who may; seconds to quotes and first sentence; memory (PSS).
4. All again by somebody who may not.
5. A byte search of everything written, for everything planted.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from appliance.assembly.parts import initialise
from appliance.cli import asking_benchmark, audit_benchmark, ingest_benchmark, redaction_benchmark
from appliance.cli import demonstration as demo
from appliance.cli.context import context
from appliance.cli.output import output
from appliance.cli.serving import proportional_set, serving, sign_in
from appliance.errors import ApplianceError, UsageError
from appliance.evaluation import canaries
from appliance.evaluation.sample_questions import Asked, score, timing

GIB = 2**30
NAMES = ("demo", "ask", "audit", "ingest", "redaction")


def run(name: str, limit: int, out: Path | None = None) -> int:
    """Run a benchmark by name and print its figures beside those asked for."""
    if name not in NAMES:
        raise UsageError(f"unknown benchmark {name[:40]}", f"There are: {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        if name == "ask":
            result, wanted = asking_benchmark.bench_ask(Path(folder), limit), asking_benchmark.WANTED
        elif name == "audit":
            result, wanted = audit_benchmark.bench_audit(Path(folder), limit), audit_benchmark.WANTED
        elif name == "ingest":
            result, wanted = ingest_benchmark.bench_ingest(Path(folder), limit), ingest_benchmark.WANTED
        elif name == "redaction":
            longest = limit or redaction_benchmark.LONG
            result = redaction_benchmark.bench_redaction(context.settings(), longest)
            wanted = redaction_benchmark.WANTED
        else:
            result, wanted = bench_demo(Path(folder), limit, out), WANTED
    if not output.emit(result):
        output.table(("figure", "measured", "asked"), [(k, _shown(v), wanted.get(k, "")) for k, v in result.items()])
    return 0


WANTED = {
    "planted_identifiers_left": "0",
    "answered_with_right_source": "0.85",
    "unanswerable_refused": "0.90",
    "sentences_without_evidence": "0",
    "forbidden_hints": "0",
    "quotes_median_s": "0.5",
    "sentence_median_s": "4",
    "serving_memory_gib": "2.0",
    "cold_start_to_quotes_s": "15",
}


def bench_demo(folder: Path, limit: int, out: Path | None = None) -> dict[str, Any]:
    """All figures, by name. `out` gets every question with its result, a line each."""
    context.home = folder / "home"
    context.overrides = {"insecure_plain_key_file": True}
    temporary = folder / "tmp"
    temporary.mkdir()
    truth = demo.ground_truth()
    started = time.perf_counter()
    with _temporary_directory(temporary):
        initialise(context.settings())
        passwords = demo.set_up(truth)
        documents = [document for name in truth["collections"] for document in demo.ingest(name, truth)]
        context.close()
    ingested = time.perf_counter() - started
    versions = {d["version"]: str(Path(d["path"]).relative_to(demo.SAMPLES)) for d in documents}
    questions = _sample(truth["questions"], limit)
    log = folder / "server.log"
    with serving(temporary, log) as (address, process, began):
        one = questions[0]["may_see"][0]
        people = {one: sign_in(address, one, passwords[one])}
        waited = time.perf_counter() - began
        first = ask(address, people, questions[0], one)
        people |= {login: sign_in(address, login, password) for login, password in passwords.items() if login != one}
        asked = [ask(address, people, question, question["may_see"][0]) for question in questions]
        foreign = [ask(address, people, question, question["may_not_see"][0], "") for question in questions]
        memory = proportional_set(process)
    if out is not None:
        out.write_text("".join(json.dumps(asdict(each)) + "\n" for each in asked))
    values = [each["value"] for each in truth["identifiers"]]
    leaks, searched = canaries.search([folder / "home", temporary, log.parent], values)
    for leak in leaks:
        output.note(f"left: identifier {leak.value} as {leak.encoding} in {Path(leak.file).relative_to(folder)}")
    return {
        "documents": len(documents),
        "planted_identifiers": len(values),
        "planted_identifiers_left": len({leak.value for leak in leaks}),
        "bytes_searched": searched,
        **score(asked, versions),
        "forbidden_hints": sum(hints(each, versions) for each in foreign),
        **timing(asked),
        "cold_start_to_quotes_s": round(waited + (first.first_quotes or 0.0), 2),
        "serving_memory_gib": round(memory / GIB, 3),
        "ingest_s": round(ingested, 1),
        "processors": os.cpu_count(),
    }


def ask(
    address: str, people: dict[str, httpx.Client], question: dict[str, Any], login: str, collection: str | None = None
) -> Asked:
    """Ask over HTTP and read the stream, noting when the first quotes and the first sentence came."""
    client = people[login]
    known = {each["title"]: each["id"] for each in client.get("/api/me").json()["collections"]}
    title = demo.ground_truth()["collections"][question["collection"]]["title"]
    target = known.get(title, question["collection"]) if collection is None else collection
    body = {"question": question["question"], "purpose": question["purpose"], "collection": target}
    began = time.perf_counter()
    quotes = sentence = None
    result: dict[str, Any] = {}
    with client.stream("POST", "/api/ask", json=body) as response:
        for line in response.iter_lines():
            if not line.startswith("data: "):
                continue
            event = json.loads(line.removeprefix("data: "))
            now = time.perf_counter() - began
            if "quotes" in event:
                quotes = now
            elif "sentence" in event:
                sentence = sentence or now
            else:
                result = event
    if "status" not in result:
        raise ApplianceError(f"question {question['id']} got no answer", "See the server's log")
    if result["status"] == "abstained":
        quotes = quotes or now
    return Asked(question, result, quotes, sentence)


def hints(asked: Asked, versions: dict[str, str]) -> bool:
    """Whether somebody who may not see a collection was shown anything of it."""
    shown = [*asked.result["citations"], *asked.result["related"]]
    return any(versions.get(c["version"], "").startswith(f"{asked.question['collection']}/") for c in shown)


def _sample(questions: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    if not limit:
        return questions
    by_collection: dict[str, list[dict[str, Any]]] = {}
    for question in questions:
        by_collection.setdefault(question["collection"], []).append(question)
    return [question for group in by_collection.values() for question in group[:: max(1, len(group) // limit)]]


@contextmanager
def _temporary_directory(folder: Path) -> Iterator[None]:
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    os.environ["TMPDIR"], old = str(folder), os.environ.get("TMPDIR")
    try:
        yield
    finally:
        tempfile.tempdir = before
        if old is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = old


def _shown(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
