"""Real files that nobody here made: what is known to be in them is found, the others are refused, none crashes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.parser import wire
from appliance.parser.kinds import detect
from appliance.parser.output import CELL_JOINT

FOUND = 0.98
"""Share of the files of supported kinds in which every string must be found."""
CHECKED_BY_HAND = {
    "unstructured__fake-email-utf-16.eml": "one of its strings is the boundary of the MIME parts, which is no text",
}


def rows(shared_data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared_data / "documents" / "manifest.jsonl").read_text().splitlines()]


def plain(text: str) -> str:
    """Without the joints of table cells, and blanks squeezed: the strings were taken across cells. The lists
    for UTF-16 files were taken byte by byte, so NULs are dropped."""
    return re.sub(r"\s+", " ", text.replace(CELL_JOINT, " ").replace("\0", "")).strip()


def missing(shared_data: Path, row: dict[str, Any], read: Callable[..., Any], **limits: object) -> list[str] | None:
    """The strings that were not found, or None for a file that was refused with a reason."""
    content = (shared_data / "documents" / row["file"]).read_bytes()
    found = detect(content, row["file"])
    if found.kind is None:
        assert found.reason in wire.REASONS
        return None
    reading = read(content, found.kind, **limits)
    if reading.reason is not None:
        assert reading.reason in wire.REASONS
        return None
    text = plain(reading.all_text())
    return [s for s in row["must_contain"] if plain(s) not in text]


def check(shared_data: Path, chosen: list[dict[str, Any]], read: Callable[..., Any], **limits: object) -> None:
    results = {row["file"]: missing(shared_data, row, read, **limits) for row in chosen if row["must_contain"]}
    refused = [row for row in chosen if row["must_contain"] and results[row["file"]] is None]
    assert not refused, [row["file"] for row in refused]
    read_files = {name: lost for name, lost in results.items() if lost is not None}
    whole = [name for name, lost in read_files.items() if not lost or Path(name).name in CHECKED_BY_HAND]
    assert len(whole) >= FOUND * len(read_files), {n: lost for n, lost in read_files.items() if lost}


def test_known_strings_are_found_in_files_with_text(shared_data: Path, read: Callable[..., Any]) -> None:
    check(shared_data, rows(shared_data), read, ocr=False)


def test_protected_files_are_refused_as_such(shared_data: Path, read: Callable[..., Any]) -> None:
    for row in rows(shared_data):
        if row.get("needs_password"):
            content = (shared_data / "documents" / row["file"]).read_bytes()
            found = detect(content, row["file"])
            assert "encrypted" in (found.reason, found.kind and read(content, found.kind).reason)


@pytest.mark.campaign
def test_no_file_crashes_the_parser_with_text_recognition_on(shared_data: Path, read: Callable[..., Any]) -> None:
    check(shared_data, rows(shared_data), read)
    for row in rows(shared_data):
        missing(shared_data, row, read)


@pytest.mark.campaign
def test_truncated_files_end_in_a_document_or_a_reason(shared_data: Path, read: Callable[..., Any]) -> None:
    for row in rows(shared_data):
        content = (shared_data / "documents" / row["file"]).read_bytes()
        for share in (0.1, 0.5, 0.9):
            part = content[: int(len(content) * share)]
            found = detect(part, row["file"])
            if found.kind is not None:
                read(part, found.kind, ocr=False)
