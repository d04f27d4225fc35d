"""A hostile document in the cage: what it tries is refused, what it takes is given back, what it says is checked."""

import io
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import weights
from appliance.documents.document import Original
from appliance.documents.frames import UnreadableDocument, read_document
from appliance.documents.sandbox import Sandbox, is_enough
from appliance.errors import IntegrityFailure, Unavailable
from appliance.parser import main, wire
from appliance.settings import load
from appliance.weights import checking

HOSTILE = (sys.executable, "-B", str(Path(__file__).with_name("hostile_parser.py")))
MIB = 1024 * 1024


def original(content: bytes | str, kind: str = "text") -> Original:
    data = content.encode() if isinstance(content, str) else content
    return Original("x.txt", kind, data, "0" * 64)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    settings = load(tmp_path_factory.mktemp("home"), parse_memory_bytes=768 * MIB, parse_seconds=2)
    sandbox = Sandbox(settings, children=4, command=HOSTILE)
    yield sandbox
    sandbox.close()


def attack(sandbox: Sandbox, name: str) -> str:
    (block,) = sandbox.parse(original(name)).blocks
    return block.text


@pytest.mark.parametrize(
    "name",
    [
        "tcp",
        "udp",
        "unix",
        "native",
        "write",
        "read_secret",
        "read_memory",
        "run_program",
        "fork",
        "kill_parent",
        "raise_limit",
        "code_in_memory",
    ],
)
def test_what_a_hostile_document_tries_is_refused(hostile: Sandbox, name: str) -> None:
    assert attack(hostile, name).startswith("refused: ")
    assert not Path("/tmp/appliance-hostile").exists()


@pytest.mark.parametrize(("name", "reason"), [
    ("replace_itself", "crashed"), ("crash", "crashed"), ("memory", "limit"), ("loop", "limit"), ("sleep", "limit"),
])  # fmt: skip
def test_a_document_that_runs_amok_ends_alone(hostile: Sandbox, name: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        hostile.parse(original(name))
    assert refused.value.reason == reason
    assert attack(hostile, "environment").startswith("done: ")


def test_native_code_gets_no_more_memory_than_the_limit(hostile: Sandbox) -> None:
    assert attack(hostile, "native_memory") == "done: no memory"


def test_the_child_has_an_empty_environment_and_no_descriptor_of_ours(hostile: Sandbox) -> None:
    assert attack(hostile, "environment") == "done: []"
    assert attack(hostile, "descriptors") == "done: [1, 2]"


def frame(kind: bytes, record: object) -> bytes:
    body = record if isinstance(record, bytes) else json.dumps(record).encode()
    return kind + len(body).to_bytes(4, "big") + body


HEAD = frame(wire.HEAD, {"kind": "text", "pages": 1})
PAGE = frame(wire.PAGE, {"number": 1, "width": 10, "height": 10, "ocr": False})
END = frame(wire.END, {"pages": 1, "blocks": 1, "warnings": []})
BLOCK = {"page": 1, "kind": "paragraph", "text": "abc"}


def block(**changes: object) -> bytes:
    return HEAD + PAGE + frame(wire.BLOCK, BLOCK | changes) + END


LIES = {
    "nothing": b"",
    "rubbish": os.urandom(2000),
    "a length beyond the limit": b"B\xff\xff\xff\xff",
    "half a frame": HEAD + b"B\x00\x00",
    "no end": HEAD + PAGE,
    "another kind": HEAD.replace(b"text", b"pdf!"),
    "a count that is wrong": HEAD + PAGE + frame(wire.END, {"pages": 1, "blocks": 9, "warnings": []}),
    "a page twice": HEAD + PAGE + PAGE + END,
    "a page of infinite width": HEAD + frame(wire.PAGE, b'{"number":1,"width":Infinity,"height":1}') + END,
    "a page of 1e999 width": HEAD + frame(wire.PAGE, b'{"number":1,"width":1e999,"height":1}') + END,
    "a block of a page that is not there": block(page=2),
    "a block of an unknown kind": block(kind="script"),
    "text that is no text": block(text=7),
    "half a character": HEAD + PAGE + frame(wire.BLOCK, rb'{"page":1,"kind":"paragraph","text":"\ud800"}') + END,
    "a word beyond its text": block(words=[[0, 4, 0, 0, 1, 1, 1]]),
    "a word backwards": block(words=[[2, 1, 0, 0, 1, 1, 1]]),
    "a box that is no number": block(words=[[0, 1, "0", 0, 1, 1, 1]]),
    "a box inside out": block(words=[[0, 1, 5, 0, 1, 1, 1]]),
    "a cell beyond its text": block(cells=[[0, 99]]),
    "a section that comes later": block(section=[0]),
    "a row number beyond all bounds": block(row=10**30),
    "a truth that is a number": block(header_row=1),
    "a warning with text": HEAD + PAGE + frame(wire.BLOCK, BLOCK)
    + frame(wire.END, {"pages": 1, "blocks": 1, "warnings": ["John Smith"]}),
    "a list instead of a record": HEAD + frame(wire.PAGE, []),
    "a hundred thousand brackets": HEAD + frame(wire.PAGE, b"[" * 100_000),
    "an unknown reason": HEAD + frame(wire.ERROR, {"reason": "because", "page": 0}),
    "pixels in a parse": HEAD + frame(wire.PIXELS, b"abc"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_frames_that_an_honest_parser_does_not_write_are_refused(hostile: Sandbox, lie: str) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        hostile.parse(original(b"raw\n" + LIES[lie]))
    assert refused.value.reason == "crashed"


def test_an_honest_block_passes_with_its_words_cells_and_section(hostile: Sandbox) -> None:
    first = frame(wire.BLOCK, BLOCK | {"kind": "heading"})
    second = frame(
        wire.BLOCK, BLOCK | {"section": [0], "words": [[0, 3, 0, 0.5, 1, 1, 0.9]], "cells": [[0, 1], [2, 3]]}
    )
    end = frame(wire.END, {"pages": 1, "blocks": 2, "warnings": ["ocr_low_confidence:1"]})
    document = hostile.parse(original(b"raw\n" + HEAD + PAGE + first + second + end))
    assert document.blocks[1].section == (0,)
    assert document.blocks[1].words[0].box == (0, 0.5, 1, 1)
    assert document.blocks[1].cells == ((0, 1), (2, 3))
    assert document.warnings == ("ocr_low_confidence:1",)


def test_pixels_must_be_as_many_as_the_page_says(hostile: Sandbox) -> None:
    (image,) = hostile.render(original(b"x" * 12, "pdf"), [1])
    assert (image.width, image.height, image.pixels) == (2, 2, b"x" * 12)
    with pytest.raises(UnreadableDocument):
        list(hostile.render(original(b"x" * 11, "pdf"), [1]))
    with pytest.raises(UnreadableDocument):
        list(hostile.render(original(b"x" * 12, "pdf"), [2]))


def test_the_error_holds_nothing_of_the_document(hostile: Sandbox) -> None:
    secret = frame(wire.ERROR, {"reason": "damaged", "page": 3, "text": "John Smith"})
    with pytest.raises(UnreadableDocument) as refused:
        hostile.parse(original(b"raw\n" + HEAD + secret))
    assert refused.value.page == 3
    assert "Smith" not in str(refused.value)


def test_a_parser_process_that_is_killed_is_started_again(hostile: Sandbox) -> None:
    hostile.protections()
    assert hostile._process is not None
    hostile._process.send_signal(signal.SIGKILL)
    hostile._process.wait()
    assert attack(hostile, "environment") == "done: []"


def test_nobody_waits_for_a_child_whose_reader_has_left(hostile: Sandbox) -> None:
    images = hostile.render(original(b"x" * 12, "pdf"), [1])
    next(images)
    images.close()
    assert attack(hostile, "environment") == "done: []"


def test_the_children_die_with_their_parent(hostile: Sandbox) -> None:
    failures: list[str] = []

    def wait() -> None:
        try:
            hostile.parse(original("sleep"))
        except UnreadableDocument as error:
            failures.append(error.reason)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)
    assert hostile._process is not None
    children = children_of(hostile._process.pid)
    assert children
    hostile._process.send_signal(signal.SIGKILL)
    thread.join()
    deadline = time.monotonic() + 2
    while any(runs(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert failures == ["crashed"]
    assert not any(runs(child) for child in children)


def runs(pid: str) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_documents_are_parsed_side_by_side(hostile: Sandbox) -> None:
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(attack(hostile, "environment"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["done: []"] * 12


def test_without_the_minimum_protections_nothing_is_parsed(home: Path) -> None:
    every = dict.fromkeys(
        ("seccomp", "no_new_privileges", "limits", "no_core_dumps", "landlock", "network_namespace"), True
    )
    assert is_enough(every)
    assert is_enough(every | {"landlock": False})
    assert is_enough(every | {"network_namespace": False})
    assert not is_enough(every | {"landlock": False, "network_namespace": False})
    assert not is_enough(every | {"seccomp": False})
    assert not is_enough({})

    script = (
        "import socket,json,time;s=socket.socket(fileno=0);s.send(json.dumps({'protections':{}}).encode());s.recv(9)"
    )
    bare = (sys.executable, "-c", script)
    with pytest.raises(Unavailable, match="safely"):
        Sandbox(load(home), command=bare).protections()
    open_cage = Sandbox(load(home, insecure_parse_without_sandbox=True), command=bare)
    assert open_cage.protections() == {}
    open_cage.close()


def test_a_parser_that_cannot_start_says_why(home: Path) -> None:
    with pytest.raises(Unavailable, match="could not start"):
        Sandbox(load(home), command=(sys.executable, "-c", "pass")).protections()


def test_a_child_starts_fast(hostile: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    hostile.protections()
    took = []
    for _ in range(30):
        started = time.perf_counter()
        attack(hostile, "environment")
        took.append(time.perf_counter() - started)
    with capsys.disabled():
        print(f"\n[sandbox] median of 30 forks, cage and answer: {statistics.median(took) * 1000:.1f} ms")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(load(tmp_path_factory.mktemp("home")))
    yield sandbox
    sandbox.close()


def a_pdf() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(300, 200))
    canvas.drawString(40, 100, "Give 5 mg of warfarin.")
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def a_picture() -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (640, 160), "white")
    ImageDraw.Draw(picture).text((30, 50), "Ward round at noon", "black", ImageFont.load_default(48))
    out = io.BytesIO()
    picture.save(out, "png")
    return out.getvalue()


def test_the_real_parser_reads_a_pdf_in_the_cage_and_draws_it(real: Sandbox) -> None:
    pdf = original(a_pdf(), "pdf")
    document = real.parse(pdf)
    assert [b.text for b in document.blocks if b.kind != "metadata"] == ["Give 5 mg of warfarin."]
    words = document.blocks[-1].words
    assert len(words) == 5
    assert words[0].box[0] == pytest.approx(40, abs=2)
    (image,) = real.render(pdf, [1], dpi=72)
    assert (image.width, image.height) == (300, 200)
    assert len(set(image.pixels)) > 1
    assert real.detect(pdf.content, "a.pdf") == "pdf"


def test_the_real_parser_recognises_text_in_the_cage(real: Sandbox) -> None:
    document = real.parse(original(a_picture(), "image"))
    assert document.pages[0].ocr
    assert "round" in " ".join(block.text for block in document.blocks)


@pytest.mark.parametrize("suffix", ["docx", "xlsx", "pptx", "eml", "html", "csv", "md"])
def test_every_format_reads_the_same_in_the_cage_as_outside(real: Sandbox, suffix: str) -> None:
    samples = sorted((Path(__file__).parents[2] / "sample_docs").rglob(f"*.{suffix}"))
    if not samples:
        pytest.skip(f"no sample document of this format is here: {suffix}")
    content = samples[0].read_bytes()
    kind = real.detect(content, samples[0].name)
    out = io.BytesIO()
    main.parse(content, kind, out)
    out.seek(0)
    assert real.parse(original(content, kind)) == read_document(out, kind)


def test_a_file_that_is_not_what_its_name_says_is_refused(real: Sandbox) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        real.detect(a_picture(), "letter.pdf")
    assert refused.value.reason == "mismatch"
    with pytest.raises(UnreadableDocument) as refused:
        real.parse(original(a_pdf()[:200], "pdf"))
    assert refused.value.reason == "damaged"


def test_one_byte_changed_in_the_recognisers_weights_stops_the_parser(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = home / "models"
    source = weights.open_pack(load(home).packs, "ocr-ppocr-v4").folder
    shutil.copytree(source / "models", copy / "models")
    victim = next((copy / "models").glob("*.onnx"))
    victim.write_bytes(b"~" + victim.read_bytes()[1:])
    monkeypatch.setattr(checking, "folder_of", lambda packs_dir, pack: copy)
    with pytest.raises(IntegrityFailure, match="onnx"):
        Sandbox(load(home)).protections()


def test_the_cage_imports_nothing_of_the_rest() -> None:
    code = "import sys, appliance.parser.child; print([m for m in sys.modules if m.startswith('appliance')])"
    out = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True).stdout
    assert all(name == "appliance" or name.startswith("appliance.parser") for name in eval(out))
