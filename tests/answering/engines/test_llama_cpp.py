"""llama.cpp in process keeps the contract, opens no network port, and refuses what is no GGUF."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.answering.engines.engine import EngineInfo
from appliance.answering.engines.llama_cpp import LlamaCppEngine
from appliance.errors import IntegrityFailure, Unavailable
from appliance.weights import open_pack
from tests.answering.engines.engine_contract import MESSAGES, EngineContract

INFO = EngineInfo("smollm2", "test", 2048)


@pytest.fixture(scope="module")
def pack(packs: Path) -> Path:
    return open_pack(packs, "smollm2-135m-instruct").folder


@pytest.fixture(scope="module")
def engine(pack: Path) -> Iterator[LlamaCppEngine]:
    opened = LlamaCppEngine.open(pack, INFO, threads=1, context_tokens=2048)
    yield opened
    opened.close()


class TestLlamaCpp(EngineContract):
    pass


def _listening(pid: int) -> set[str]:
    """Inodes of TCP sockets that this process listens on."""
    mine = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            mine.add(target[8:-1])
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in mine:
                found.add(fields[1])
    return found


def test_opens_no_network_port(pack: Path) -> None:
    before = _listening(os.getpid())
    engine = LlamaCppEngine.open(pack, INFO, threads=1, context_tokens=512)
    assert _listening(os.getpid()) == before
    engine.close()


def test_leaves_no_socket_file_behind(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    engine = LlamaCppEngine.open(pack, INFO, threads=1, context_tokens=512)
    assert not list(tmp_path.rglob("*"))
    engine.close()


def test_writes_no_prompt_to_the_terminal(pack: Path, capfd: pytest.CaptureFixture[str]) -> None:
    engine = LlamaCppEngine.open(pack, INFO, threads=1, context_tokens=512)
    list(engine.stream([{"role": "user", "content": "canary-7731 hello"}], max_tokens=2))
    engine.close()
    written = capfd.readouterr()
    assert "canary-7731" not in written.out + written.err


def test_refuses_a_file_that_is_no_gguf(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"PK\x03\x04 not weights")
    with pytest.raises(IntegrityFailure):
        LlamaCppEngine.open(tmp_path, INFO, threads=1, context_tokens=512)


def test_says_what_to_do_about_a_truncated_model(pack: Path, tmp_path: Path) -> None:
    whole = next(pack.glob("*.gguf"))
    with whole.open("rb") as stream:
        (tmp_path / "model.gguf").write_bytes(stream.read(3_000_000))
    with pytest.raises(Unavailable) as raised:
        LlamaCppEngine.open(tmp_path, INFO, threads=1, context_tokens=512)
    assert raised.value.advice


def test_says_what_to_do_about_an_empty_pack(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="appliance models fetch"):
        LlamaCppEngine.open(tmp_path, INFO, threads=1, context_tokens=512)


def test_is_unavailable_once_closed(pack: Path) -> None:
    engine = LlamaCppEngine.open(pack, INFO, threads=1, context_tokens=512)
    engine.close()
    with pytest.raises(Unavailable):
        list(engine.stream(MESSAGES, max_tokens=2))
