"""Intake takes whole regular files within the limit, and names nothing in its refusals."""

import hashlib
import os
from pathlib import Path

import pytest

from appliance.documents.intake import accept, kind_hint
from appliance.errors import TooLarge, Unreadable
from appliance.settings import Settings, load


@pytest.fixture
def limits(home: Path) -> Settings:
    return load(home, max_document_bytes=1000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Quartermaine.txt"
    path.write_bytes(b"content")
    return path


def test_a_file_and_its_bytes_make_the_same_original(file: Path, limits: Settings) -> None:
    made = accept(file, file.name, limits)
    assert made == accept(b"content", "Quartermaine.txt", limits)
    assert (made.content, made.sha256) == (b"content", hashlib.sha256(b"content").hexdigest())
    assert "Quartermaine" not in repr(made)
    assert "content" not in repr(made).replace("content=", "")


@pytest.mark.parametrize("size", [1001, 5000])
def test_a_file_over_the_limit_is_refused(tmp_path: Path, limits: Settings, size: int) -> None:
    (tmp_path / "big").write_bytes(b"x" * size)
    for source in (tmp_path / "big", b"x" * size):
        with pytest.raises(TooLarge):
            accept(source, "big", limits)
    (tmp_path / "fits").write_bytes(b"x" * 1000)
    assert accept(tmp_path / "fits", "fits", limits)


def test_an_empty_file_is_refused(tmp_path: Path, limits: Settings) -> None:
    (tmp_path / "empty").touch()
    for source in (tmp_path / "empty", b""):
        with pytest.raises(Unreadable, match="empty"):
            accept(source, "empty", limits)


def test_links_pipes_devices_and_folders_are_refused_at_once(tmp_path: Path, file: Path, limits: Settings) -> None:
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "link", tmp_path / "pipe", tmp_path, Path("/dev/zero"), Path("/proc/self/environ")):
        with pytest.raises(Unreadable) as refused:
            accept(path, path.name, limits)
        assert "Quartermaine" not in str(refused.value)


def test_a_missing_or_forbidden_file_is_refused_without_its_name(tmp_path: Path, limits: Settings) -> None:
    with pytest.raises(Unreadable) as refused:
        accept(tmp_path / "Quartermaine-gone.txt", "Quartermaine-gone.txt", limits)
    assert "Quartermaine" not in str(refused.value)


def test_a_file_that_grows_while_it_is_read_is_refused(
    file: Path, limits: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstat
    seen = []

    def fstat(descriptor: int) -> os.stat_result:
        if seen:
            with file.open("ab") as other:
                other.write(b" more")
        seen.append(descriptor)
        return real(descriptor)

    monkeypatch.setattr("appliance.documents.intake.os.fstat", fstat)
    with pytest.raises(Unreadable, match="changed"):
        accept(file, file.name, limits)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("C:\\scans\\a.pdf", "a.pdf"), ("/etc/../x.txt", "x.txt"), ("a\n\x00b.txt", "ab.txt"), ("", "document"),
        ("\u202egpj.exe", "gpj.exe"), ("x" * 400 + ".pdf", "x" * 251 + ".pdf"),
    ],
)  # fmt: skip
def test_a_name_is_its_last_part_and_printable(name: str, plain: str, limits: Settings) -> None:
    assert accept(b"x", name, limits).name == plain


def test_the_kind_is_a_hint_from_the_name() -> None:
    assert [kind_hint(n) for n in ("a.PDF", "b.docx", "c", "d.tar.gz")] == ["pdf", "word", "text", "text"]
