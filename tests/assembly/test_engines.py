"""What cannot compose is told clearly: too big, unknown, damaged, of another use; and is not tried again at once."""

import json
import struct
from pathlib import Path

import pytest

from appliance import settings, weights
from appliance.assembly.attempt import Attempt
from appliance.assembly.engines import open_engine
from appliance.errors import ApplianceError, IntegrityFailure, Unavailable, UsageError


def chosen(packs: Path, name: str, **more: object) -> settings.Settings:
    return settings.load(packs.parent, packs=packs, generation_pack=name, context_tokens=512, threads=1, **more)


def gguf(architecture: str, padding: int = 4096) -> bytes:
    """A GGUF (version 3) that names its architecture and holds no tensor."""
    key, value = b"general.architecture", architecture.encode()
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(value)) + value
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry + b"\0" * padding


def imported(tmp_path: Path, content: bytes, name: str = "own") -> Path:
    """A folder of packs with one that a site brought."""
    file = tmp_path / f"{name}.gguf"
    file.write_bytes(content)
    weights.import_pack(tmp_path / "packs", file, name, "generation", "Apache-2.0", "")
    return tmp_path / "packs"


def test_an_unknown_architecture_is_told_and_does_not_end_the_process(tmp_path: Path) -> None:
    packs = imported(tmp_path, gguf("quux"))
    with pytest.raises(Unavailable, match="unknown") as raised:
        open_engine(chosen(packs, "own"))
    assert raised.value.advice


def test_a_model_too_big_for_memory_is_refused_before_it_is_loaded(packs: Path) -> None:
    with pytest.raises(Unavailable, match=r"needs about 0\.1 GiB of memory, 0\.0 are free"):
        open_engine(chosen(packs, "smollm2-135m-instruct"), free_bytes=50_000_000)


def test_a_model_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    packs = imported(tmp_path, gguf("llama"))
    file = next((packs / "own").glob("*.gguf"))
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityFailure, match="is not the file that the manifest lists"):
        open_engine(chosen(packs, "own"))


def test_a_pack_of_another_use_is_refused(packs: Path) -> None:
    with pytest.raises(UsageError, match="no language model"):
        open_engine(chosen(packs, "all-minilm-l6-v2"))


def test_what_failed_is_not_tried_again_at_once_but_later() -> None:
    tried = []

    def failing() -> None:
        tried.append(1)
        raise Unavailable("down")

    attempt = Attempt(again_seconds=60)
    for _ in range(3):
        with pytest.raises(ApplianceError, match="down"):
            attempt.make(failing)
    assert len(tried) == 1
    assert Attempt(again_seconds=0).make(lambda: json.dumps(1)) == "1"
