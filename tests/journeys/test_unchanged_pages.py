"""A new version is read where it changed, found in as if it were new, and what was kept for it dies with it."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from appliance import ingest
from appliance.assembly.parts import Appliance
from appliance.evaluation import canaries
from appliance.redaction.page_readings import WORTH_CHARACTERS
from appliance.storage.tables import read_page
from appliance.upkeep.deletion import delete_document
from tests.web import site

LINES = [
    "On day {n} the dressing was changed by Dr Ottoline Quarterbridge and the drain gave {n} ml.",
    "Quillfeather asked whether line {n} of the plan had been read to the family.",
    "The dose of item {n} stays at {n} mg; the pump alarm was checked in Harrowgate.",
]
NEW = "Patient: Gideon Quillfeather, born 14 March 1951, telephone 555-0142-889."


def pages(change: dict[int, str] | None = None) -> bytes:
    said = [" ".join(line.format(n=n) for line in LINES) * 4 for n in range(30)]
    for place, text in (change or {}).items():
        said[place] = text
    return "\n\n".join(f"## Day {n}\n\n{text}" for n, text in enumerate(said)).encode()


def put(appliance: Appliance, name: str, content: bytes) -> ingest.Outcome:
    outcome = ingest.ingest(appliance.ingesting, appliance.access.system_write("ward", "test"), content, name)
    assert outcome.status == "published", outcome.reason
    return outcome


@pytest.fixture
def asked(appliance: Appliance, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that a model was given."""
    given: list[str] = []
    for name in ("_by_spacy", "_by_onnx"):
        work = getattr(appliance.detector, name)

        def counted(texts: Sequence[str], work: Any = work) -> Any:
            given.extend(texts)
            return work(texts)

        monkeypatch.setattr(appliance.detector, name, counted)
    return given


def text_of(appliance: Appliance, version: str) -> str:
    return "\n".join(chunk.text for chunk in appliance.store.of_version(version))


def shape_of(appliance: Appliance, version: str) -> list[str]:
    """The chunks with each surrogate's type alone: surrogates are random where nothing is known by name."""
    return [re.sub(r"\[(\w+):\w+\]", r"[\1]", chunk.text) for chunk in appliance.store.of_version(version)]


def test_models_read_changed_pieces_only_and_find_what_they_find_in_a_new_document(
    appliance: Appliance, asked: list[str]
) -> None:
    assert len(pages()) > WORTH_CHARACTERS
    put(appliance, "days.md", pages())
    first = sum(map(len, asked))
    asked.clear()
    changed = pages({7: "Sister Wilhelmina Featherstonehaugh found the valve open at noon."})
    second = put(appliance, "days.md", changed)
    assert asked
    assert sum(map(len, asked)) < first / 20
    asked.clear()
    alone = put(appliance, "days-alone.md", changed + b"\n")
    assert sum(map(len, asked)) > first / 2, "another document shares nothing"
    assert shape_of(appliance, second.version) == shape_of(appliance, alone.version)
    assert second.entities == alone.entities


def test_a_name_that_a_new_page_brings_is_found_on_the_old_pages(appliance: Appliance) -> None:
    old = put(appliance, "brings.md", pages())
    new = put(appliance, "brings.md", pages({29: NEW}))
    assert "Quillfeather" not in text_of(appliance, new.version)
    assert new.document == old.document


def test_what_is_kept_is_sealed_spans_and_goes_with_the_document(appliance: Appliance, made: site.Made) -> None:
    version = put(appliance, "kept.md", pages()).version
    query = select(read_page).where(read_page.c.version == version)
    with appliance.database.transaction() as connection:
        (row,) = connection.execute(query).all()
    plain = appliance.keys.unseal(f"version/{version}", row.findings_sealed, b"readings/1")
    assert json.loads(plain)
    assert b"Quarterbridge" not in plain
    leaks, _ = canaries.search([made.home], ["Quarterbridge", "Quillfeather"])
    assert leaks == []
    delete_document(appliance.holdings, appliance.catalog.version(version).document, actor="test")
    with appliance.database.transaction() as connection:
        assert connection.execute(query).all() == []
