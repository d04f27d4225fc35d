"""Once warmed, the parser touches nothing: it must live in a cage without files, sockets and processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parser.test_image import picture, saved
from tests.parser.test_office import deck, letter, workbook  # noqa: F401  # fixtures
from tests.parser.test_pdf import PROSE, drawn
from tests.parser.test_texts import PAGE, mail


@pytest.fixture
def files(tmp_path: Path, letter: bytes, workbook: bytes, deck: bytes) -> list[Path]:  # noqa: F811
    scan = picture(["Patient Maria Okafor"])
    contents = {
        "a.docx": letter, "b.xlsx": workbook, "c.pptx": deck, "d.html": PAGE, "e.eml": bytes(mail()),
        "f.csv": "Größe;1\n".encode("cp1252"), "g.md": b"# T\n\ntext",
        "h.txt": "日本語のテキスト".encode("shift_jis") * 20,
        "i.png": saved(scan), "j.tiff": saved(scan, "TIFF", compression="tiff_lzw"), "k.jpg": saved(scan, "JPEG"),
        "l.pdf": drawn(lambda page: page.drawString(60, 700, PROSE)), "m.pdf": saved(scan, "PDF"),
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


def test_warm_parser_opens_no_file_socket_or_process_and_imports_nothing(files: list[Path]) -> None:
    child = Path(__file__).with_name("silent_child.py")
    environment = {"OMP_NUM_THREADS": "1", "PATH": os.environ.get("PATH", "")}
    done = subprocess.run(
        [sys.executable, child, *files], capture_output=True, text=True, timeout=200, env=environment, check=True
    )
    report = json.loads(done.stdout)
    assert report["events"] == []
    assert report["ends"] == {path.name: "END" for path in files}
    assert done.stderr == ""
