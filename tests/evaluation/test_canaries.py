"""The byte search finds a value however it was written; otherwise a clean result would mean nothing."""

import base64
import gzip
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from appliance.evaluation.canaries import forms, search

VALUE = "Maria J. Okafor"
WRITTEN = {
    "utf-8": VALUE.encode(),
    "lower case": VALUE.lower().encode(),
    "upper case": VALUE.upper().encode(),
    "utf-16-le": VALUE.encode("utf-16-le"),
    "utf-16-be": VALUE.encode("utf-16-be"),
    "base64": base64.b64encode(f"patient {VALUE}, ward 3".encode()),
    "url": quote(VALUE).encode(),
    "zlib": zlib.compress(b"x" * 50 + VALUE.encode()),
    "gzip": gzip.compress(b"x" * 50 + VALUE.encode()),
}


@pytest.mark.parametrize("encoding", WRITTEN)
def test_a_value_is_found_however_it_was_written(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "file.bin").write_bytes(b"\x00\x01noise" * 1000 + WRITTEN[encoding] + b"\xff" * 1000)
    leaks, searched = search([tmp_path], ["Somebody Else", VALUE])
    assert {leak.value for leak in leaks} == {1}
    assert searched > 1000


def test_a_value_in_a_zip_archive_is_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", f"Dear {VALUE}, " * 20)
    assert search([tmp_path], [VALUE])[0]


def test_a_value_in_a_file_name_is_found(tmp_path: Path) -> None:
    (tmp_path / f"{VALUE}.txt").write_bytes(b"nothing")
    assert search([tmp_path], [VALUE])[0]


def test_a_value_across_a_block_border_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.evaluation.canaries.BLOCK", 16)
    (tmp_path / "f").write_bytes(b"." * 13 + VALUE.encode() + b"." * 40)
    assert search([tmp_path], [VALUE])[0]


def test_a_clean_folder_is_clean(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(range(256)) * 500)
    assert search([tmp_path], [VALUE])[0] == []


@hypothesis_settings(max_examples=60)
@given(st.binary(max_size=7), st.text("abcXYZ0189 .-@", min_size=10, max_size=20).map(str.strip), st.binary(max_size=7))
def test_base64_is_found_at_every_alignment(before: bytes, value: str, after: bytes) -> None:
    if len(value) < 10:
        return
    coded = base64.b64encode(before + value.encode() + after)
    assert any(form in coded for name, form in forms(value) if name == "base64")
