"""How well the parser reads files whose contents are known: found, refused with a reason, or crashed.

The manifest is JSON Lines of `{"file", "kind", "must_contain": [text, ...]}`, `file` relative to it. Every file
goes the way that an ingested one goes: intake, kind by content, parse in the cage.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance.documents import intake
from appliance.documents.document import Document
from appliance.documents.frames import UnreadableDocument
from appliance.documents.sandbox import Sandbox
from appliance.errors import TooLarge, Unreadable, UsageError
from appliance.settings import Settings

CELL_JOINT = " | "
CRASH = "crashed"
MAX_LISTED = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one file: its text, or why it was refused (a message of the program, and a reason code)."""

    file: str
    kind: str
    expected: int
    missing: tuple[str, ...] = ()
    refused: str = ""
    reason: str = ""
    seconds: float = 0.0
    pages: int = 0


def evaluate(manifest: Path, settings: Settings, sandbox: Sandbox) -> dict[str, Any]:
    """The share of read files in which every string was found, the refusals by reason, and the crashes.

    A file with nothing to look for counts as read or refused only. Raises UsageError for a manifest that is none.
    """
    rows = list(_rows(manifest))
    readings = [read(manifest.parent, row, settings, sandbox) for row in rows]
    checked = [r for r in readings if r.expected and not r.refused]
    whole = [r for r in checked if not r.missing]
    crashed = [r.file for r in readings if r.reason == CRASH]
    return {
        "files": len(readings),
        "read": sum(not r.refused for r in readings),
        "checked": len(checked),
        "found_all": len(whole),
        "found_share": round(len(whole) / len(checked), 4) if checked else None,
        "refused": sum(bool(r.refused) for r in readings),
        "refused_with_strings": [r.file for r in readings if r.refused and r.expected][:MAX_LISTED],
        "reasons": dict(Counter(r.refused for r in readings if r.refused)),
        "crashed": crashed,
        "missing": {r.file: list(r.missing) for r in checked if r.missing},
        "kinds": _by_kind(readings),
        "pages": sum(r.pages for r in readings),
        "seconds": round(sum(r.seconds for r in readings), 2),
    }


def read(folder: Path, row: dict[str, Any], settings: Settings, sandbox: Sandbox) -> Reading:
    """Take one file in and parse it; look for its strings."""
    name, kind = str(row["file"]), str(row.get("kind", ""))
    strings = [str(text) for text in row.get("must_contain") or ()]
    started = time.perf_counter()
    try:
        original = intake.accept(folder / name, Path(name).name, settings)
        original = replace(original, kind=sandbox.detect(original.content, original.name))
        document = sandbox.parse(original)
    except (Unreadable, TooLarge) as error:
        reason = error.reason if isinstance(error, UnreadableDocument) else "intake"
        seconds = time.perf_counter() - started
        return Reading(name, kind, len(strings), refused=error.message, reason=reason, seconds=seconds)
    seconds = time.perf_counter() - started
    text = plain(text_of(document))
    missing = tuple(s for s in strings if plain(s) not in text)
    return Reading(name, kind, len(strings), missing, seconds=seconds, pages=len(document.pages))


def text_of(document: Document) -> str:
    """The whole text of a document, block after block."""
    return " ".join(block.text for block in document.blocks)


def plain(text: str) -> str:
    """Blanks squeezed and joints of cells dropped: strings of a manifest may run over line and cell ends.

    NULs are dropped too, since lists of strings in UTF-16 files are sometimes taken byte by byte.
    """
    return re.sub(r"\s+", " ", text.replace(CELL_JOINT, " ").replace("\0", "")).strip()


def _by_kind(readings: list[Reading]) -> dict[str, dict[str, int]]:
    kinds: dict[str, dict[str, int]] = {}
    for one in readings:
        counts = kinds.setdefault(one.kind or Path(one.file).suffix, {"files": 0, "read": 0, "whole": 0, "refused": 0})
        counts["files"] += 1
        counts["refused" if one.refused else "read"] += 1
        counts["whole"] += bool(one.expected and not one.refused and not one.missing)
    return dict(sorted(kinds.items()))


def _rows(manifest: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = manifest.read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(f"{manifest.name} is no list of documents", "One JSON object a line, see docs") from error
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            raise UsageError(f"{manifest.name} has a line without a file", 'Each line needs {"file", "must_contain"}')
        yield row
