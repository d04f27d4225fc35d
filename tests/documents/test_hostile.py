"""Files made to do harm end as a document or a named refusal; the parser lives, and this process does not grow."""

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from appliance.documents import intake
from appliance.documents.document import Document
from appliance.documents.frames import UnreadableDocument
from appliance.documents.sandbox import Sandbox
from appliance.settings import load
from tests.documents import hostile_files as files
from tests.documents.fuzzing import campaign

MIB = 1024 * 1024
SECONDS = 30
"""Far more than any of these takes, far less than the limit of a parse."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(load(tmp_path_factory.mktemp("home"), parse_seconds=SECONDS))
    yield sandbox
    sandbox.close()


def taken_in(sandbox: Sandbox, name: str, content: bytes) -> Document:
    """A file as it is ingested: intake, kind by content, parse."""
    original = intake.accept(content, name, load())
    return sandbox.parse(replace(original, kind=sandbox.detect(original.content, original.name)), ocr=False)


def ended(sandbox: Sandbox, name: str, content: bytes) -> str:
    """The text of a file, or the code of the reason why it was refused."""
    try:
        return " ".join(block.text for block in taken_in(sandbox, name, content).blocks)
    except UnreadableDocument as refused:
        return refused.reason


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a part that unpacks to 300 MiB": ("a.docx", files.bomb, "too_large"),
    "a directory that understates a file": ("a.zip", files.lying_zip, ""),
    "entities that multiply": ("a.xml", files.entities, "damaged"),
    "entities in a document": ("a.docx", lambda: files.zipped({"word/document.xml": files.entities()}), "damaged"),
    "an entity that names a file": ("a.xml", files.external_entity, "damaged"),
    "ten thousand pages in a stub": ("a.pdf", files.stub, "too_many_pages"),
    "references in a circle": ("a.pdf", files.circle, "damaged"),
    "a picture of 60,000 by 60,000": ("a.png", files.huge_picture, "too_large"),
    "no more than a signature": ("a.pdf", lambda: b"%PDF-1.7", "damaged"),
    "an unfinished archive": ("a.zip", lambda: files.zipped({"a.txt": b"words " * 900})[:90], "damaged"),
    "an empty archive": ("a.zip", lambda: files.zipped({}), "empty"),
    "a compound file of zeros": ("a.msg", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "mismatch"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(sandbox: Sandbox, what: str) -> None:
    name, made, reason = HOSTILE[what]
    content = made()
    started = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if reason:
        with pytest.raises(UnreadableDocument) as refused:
            taken_in(sandbox, name, content)
        assert refused.value.reason == reason
        assert refused.value.advice
    else:
        taken_in(sandbox, name, content)
    assert time.monotonic() - started < 2 * SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 64
    assert taken_in(sandbox, "a.txt", b"still here").blocks[0].text == "still here"


@pytest.mark.parametrize(("name", "content"), list(files.polyglots()), ids=lambda value: str(value)[:12])
def test_what_is_two_things_at_once_or_endless_ends_as_a_document_or_a_reason(
    sandbox: Sandbox, name: str, content: bytes
) -> None:
    said = ended(sandbox, name, content)
    assert said != "crashed"
    assert "alert(1)" not in said


def test_the_contents_of_a_lying_archive_end_at_what_its_directory_said(sandbox: Sandbox) -> None:
    original = intake.accept(files.lying_zip(), "a.zip", load())
    ((_, content, why),) = sandbox.attachments(replace(original, kind="archive"))
    assert content == b""
    assert why is not None
    assert why.reason in ("damaged", "too_large")


def test_truncated_files_end_as_a_document_or_a_reason(sandbox: Sandbox) -> None:
    for name, content in files.seeds():
        for share in (0.3, 0.8):
            assert ended(sandbox, name, content[: int(len(content) * share)]) != "crashed", name


@pytest.mark.parametrize(("name", "content"), list(files.seeds()), ids=lambda value: str(value)[:8])
def test_an_honest_file_of_each_kind_is_read_in_the_cage(sandbox: Sandbox, name: str, content: bytes) -> None:
    original = intake.accept(content, name, load())
    document = sandbox.parse(replace(original, kind=sandbox.detect(original.content, original.name)))
    assert document.blocks


def test_a_few_mutated_files_escape_nothing() -> None:
    result = campaign(60, 5, None)
    assert result["escapes"] == []
    assert result["parser_alive"]


@pytest.mark.campaign
def test_twenty_thousand_mutated_files_escape_nothing() -> None:
    result = campaign(20_000, 1, None)
    assert result["escapes"] == []
    assert result["parser_alive"]
    assert float(str(result["parent_grew_mib"])) < 64
