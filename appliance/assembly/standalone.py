"""What runs without a home: parsing, redacting and checking policies for whoever holds the file anyway.

Nothing here is stored. Surrogates are those of one run and mean nothing afterwards.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.access import policies
from appliance.documents import intake
from appliance.documents.document import Block, Document
from appliance.documents.sandbox import Sandbox
from appliance.errors import NotFound, Unavailable, UsageError
from appliance.isolation import egress
from appliance.redaction.detection import Detector
from appliance.redaction.findings import Findings
from appliance.redaction.policy import Profile, list_profiles, load_profile, parse_profile
from appliance.redaction.redact import redact_text as replace_in
from appliance.redaction.review import reasons_for_review
from appliance.redaction.surrogates import EphemeralVault, SurrogateSource
from appliance.settings import Settings

CHUNK = 16_000
"""Characters handed to a worker at once, about: small texts in groups, a long one alone."""


def open_detector(settings: Settings, threads: int | None = None) -> Detector:
    """The detectors of identifiers, packs checked."""
    s = settings
    return Detector.open(s.packs, s.spacy_pack, s.ner_pack, threads or s.threads_in_use, s.detect_seconds)


def parse_file(settings: Settings, file: Path) -> dict[str, Any]:
    """What the parser reads in `file`, unredacted, as the command-line contract has it."""
    with closing(Sandbox(settings)) as sandbox:
        original = intake.accept(file, file.name, settings)
        document = sandbox.parse(replace(original, kind=sandbox.detect(original.content, original.name)))
    return {
        "kind": document.kind,
        "pages": len(document.pages),
        "blocks": [_block(document, block) for block in document.blocks],
        "tables": _tables(document),
        "warnings": list(document.warnings),
    }


def redact_text(settings: Settings, text: str, profile_name: str, *, explained: bool = False) -> dict[str, Any]:
    """One text without its identifiers, and what they were: offsets are of the input. `explained` adds for each
    why, by which rule and law, and what a reviewer would be asked; then `profile_name` may be a YAML file too."""
    egress.install(settings.allowed_networks)
    wanted = profile_name or settings.redaction_profile
    profile = _profile_of(settings, wanted) if explained else load_profile(settings.policies, wanted)
    detector = open_detector(settings)
    started = time.perf_counter()
    findings = detector.find_text(text, profile)
    result = _redacted(text, findings, profile, EphemeralVault())
    if explained:
        result |= _explained(result["entities"], findings, profile)
    return {**result, "seconds": round(time.perf_counter() - started, 4)}


def _profile_of(settings: Settings, wanted: str) -> Profile:
    """A profile by name, or read from a YAML file that is to be tried."""
    if not wanted.endswith((".yaml", ".yml")):
        return load_profile(settings.policies, wanted)
    try:
        return parse_profile(Path(wanted).read_bytes(), Path(wanted).name)
    except OSError as error:
        raise NotFound(f"{wanted} cannot be read ({error.strerror})", "Check its path") from error


def _explained(entities: list[dict[str, Any]], findings: Findings, profile: Profile) -> dict[str, Any]:
    told = []
    for entity in entities:
        inside = [f for f in findings.items if entity["start"] <= f.start and f.end <= entity["end"]]
        reasons = [f"{e.recognizer}: {e.reason}" if e.reason else e.recognizer for f in inside for e in f.evidence]
        rule = profile.rules.get(entity["type"])
        told.append(
            {
                **entity, "action": rule.action if rule else "mask", "why": "; ".join(dict.fromkeys(reasons)),
                "rule": rule.reason if rule else "", "citation": rule.citation if rule else "",
                "review": any(f.review for f in inside),
            }
        )  # fmt: skip
    held = reasons_for_review(findings, profile)
    return {"entities": told, "to_review": sum(f.review for f in findings.items), "held": held or "no"}


def redact_many(
    settings: Settings, source: Path, target: Path, profile_name: str, workers: int, note: Callable[[str], None]
) -> dict[str, Any]:
    """Redact JSON Lines `{"id", "text"}` to `target`, in order, which appears whole or not at all."""
    profile = load_profile(settings.policies, profile_name or settings.redaction_profile)
    rows = list(_texts(source))
    surrogates = EphemeralVault()
    characters = sum(len(text) for _, text in rows)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    opening = time.perf_counter()
    try:
        with (
            open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out,
            finders(settings, profile, workers) as find_all,
        ):
            started = time.perf_counter()
            found = find_all([text for _, text in rows])
            for (identifier, text), (findings, seconds) in zip(rows, found, strict=True):
                result = {"id": identifier, **_redacted(text, findings, profile, surrogates), "seconds": seconds}
                out.write(json.dumps(result, ensure_ascii=True) + "\n")
        os.replace(partial, target)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written ({error.strerror})", "Check the folder and the space") from error
    finally:
        partial.unlink(missing_ok=True)
    seconds = time.perf_counter() - started
    return {
        "documents": len(rows),
        "characters": characters,
        "seconds": round(seconds, 3),
        "opening_seconds": round(started - opening, 3),
        "chars_per_second": round(characters / seconds, 1) if seconds else 0.0,
        "profile": profile.name,
        "profile_digest": profile.digest,
        "workers": workers,
    }


def check_policies(settings: Settings) -> dict[str, Any]:
    """Load every policy; raises UsageError for the first that is wrong."""
    access = policies.load(settings.policies)
    names = list_profiles(settings.policies)
    profiles = [load_profile(settings.policies, name) for name in names]
    return {
        "policies": [
            {"name": "access", "digest": access.digest},
            *({"name": f"redaction/{profile.name}", "digest": profile.digest} for profile in profiles),
        ]
    }


def _redacted(text: str, findings: Findings, profile: Profile, surrogates: SurrogateSource) -> dict[str, Any]:
    redacted, entities = replace_in(text, findings, profile, surrogates)
    return {
        "text": redacted,
        "entities": [
            {
                "start": e.start, "end": e.end, "type": e.type, "score": round(e.score, 4),
                "recognizer": e.recognizer, "surrogate": e.surrogate,
            }
            for e in entities
        ],
        "profile": profile.name,
        "profile_digest": profile.digest,
        "warnings": list(findings.warnings),
    }  # fmt: skip


_worker: tuple[Detector, Profile] | None = None


def _open_worker(settings: Settings, profile: Profile) -> None:
    global _worker  # one detector a process: it takes seconds to open
    egress.install(settings.allowed_networks)
    _worker = (open_detector(settings, threads=1), profile)


def _find(text: str) -> tuple[Findings, float]:
    assert _worker is not None
    detector, profile = _worker
    started = time.perf_counter()
    return detector.find_text(text, profile), round(time.perf_counter() - started, 4)


FindAll = Callable[[list[str]], Iterator[tuple[Findings, float]]]


@contextmanager
def finders(settings: Settings, profile: Profile, workers: int) -> Iterator[FindAll]:
    """Detection by `workers` processes whose models are loaded: of each text its findings, in order, and seconds."""
    if workers == 1:
        _open_worker(settings, profile)
        yield lambda texts: map(_find, texts)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _open_worker, (settings, profile)) as pool:
        # Why: the pool starts a process for each task that finds none idle; loading takes longer than handing out.
        for one in [pool.submit(_find, "Ready.") for _ in range(workers)]:
            one.result()
        yield lambda texts: pool.map(_find, texts, chunksize=_group(texts))


def _group(texts: list[str]) -> int:
    return max(1, min(8, CHUNK * len(texts) // max(1, sum(map(len, texts)))))


def _texts(source: Path) -> Iterator[tuple[Any, str]]:
    for number, line in enumerate(source.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            identifier, text = row["id"], row["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"line {number} of {source} is no object with id and text", "Correct the file") from error
        if not isinstance(text, str):
            raise UsageError(f"the text in line {number} of {source} is not a string", "Correct the file")
        yield identifier, text


def _block(document: Document, block: Block) -> dict[str, Any]:
    return {
        "page": block.page,
        "kind": block.kind,
        "section": [document.blocks[index].text for index in block.section],
        "text": block.text,
        "boxes": [[word.start, word.end, *word.box] for word in block.words],
    }


def _tables(document: Document) -> list[dict[str, Any]]:
    tables: dict[int, dict[str, Any]] = {}
    for block in document.blocks:
        if block.table is None:
            continue
        table = tables.setdefault(block.table, {"page": block.page, "header_rows": 0, "rows": []})
        table["rows"].append([block.text[start:end] for start, end in block.cells])
        table["header_rows"] += block.header_row
    return list(tables.values())
