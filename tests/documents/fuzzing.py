"""Mutated files against the cage: `python -m tests.documents.fuzzing COUNT [SEED] [MANIFEST]`.

Every file goes the way an ingested one goes, kind by content and parse in the cage, with text recognition for one
in fifty. Counted is how each ended; an outcome that is neither a document nor a named refusal is an escape.
Prints one JSON object; the exit code is 1 when anything escaped, hung or made this process grow.
"""

import io
import json
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from appliance.documents import intake
from appliance.documents.frames import UnreadableDocument
from appliance.documents.sandbox import Sandbox
from appliance.errors import ApplianceError
from appliance.settings import load
from tests.documents.hostile_files import seeds

MIB = 1024 * 1024
SECONDS = 20
"""Processor seconds of a child here; what takes longer ends as `limit` and is counted."""
MAX_GROWTH_MIB = 64
RECOGNISED = 0.02
MAGIC = (
    *(b"\0", b"\xff" * 4, b"\x7f\xff\xff\xff", b"%PDF-", b"PK\x03\x04", b"<!ENTITY", b"{\\rtf", b"MSH|"),
    *(b"-1", b"9" * 20),
)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Content with a few changes: bits, runs, copies, cuts, numbers at their limits; inside zip members too."""
    if content.startswith(b"PK\x03\x04") and chance.random() < 0.7:
        return _inside_zip(content, chance)
    return _changed(content, chance)


def _changed(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        if not data:
            break
        at = chance.randrange(len(data))
        length = chance.choice((1, 2, 4, 16, 256, 4096))
        match chance.randrange(7):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + length] = chance.randbytes(min(length, len(data) - at))
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))
            case 4:
                magic = chance.choice(MAGIC)
                data[at : at + len(magic)] = magic
            case 5:
                other = chance.randrange(len(data))
                data[at : at + length] = data[other : other + length]
            case _:
                if chance.random() < 0.3:
                    del data[at:]
    return bytes(data)


def _inside_zip(content: bytes, chance: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        entries = before.infolist()
        chosen = chance.choice(entries).filename if entries else ""
        for entry in entries:
            body = before.read(entry)
            after.writestr(entry.filename, _changed(body, chance) if entry.filename == chosen else body)
    return out.getvalue()


def samples(count: int, chance: random.Random, manifest: Path | None) -> Iterator[tuple[str, bytes]]:
    """Name and content of each mutated file."""
    originals = list(seeds())
    if manifest is not None:
        rows = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
        originals += [(Path(row["file"]).name, (manifest.parent / row["file"]).read_bytes()) for row in rows]
    originals = [(name, content) for name, content in originals if len(content) < 2 * MIB]
    for _ in range(count):
        name, content = chance.choice(originals)
        try:
            yield name, mutated(content, chance)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError, OSError):
            yield name, _changed(content, chance)


def campaign(count: int, seed: int, manifest: Path | None) -> dict[str, object]:
    """Run so many files; what became of them, the slowest, and how much this process grew."""
    chance = random.Random(seed)
    ended: Counter[str] = Counter()
    escapes: list[str] = []
    slowest = ("", 0.0)
    with tempfile.TemporaryDirectory() as home:
        settings = load(Path(home), parse_seconds=SECONDS)
        sandbox = Sandbox(settings)
        sandbox.protections()
        started, before = time.monotonic(), 0
        for number, (name, content) in enumerate(samples(count, chance, manifest)):
            begun = time.monotonic()
            try:
                original = intake.accept(content or b" ", name, settings)
                original = replace(original, kind=sandbox.detect(original.content, original.name))
                sandbox.parse(original, ocr=chance.random() < RECOGNISED)
                ended["read"] += 1
            except UnreadableDocument as error:
                ended[error.reason] += 1
            except ApplianceError as error:
                ended[type(error).__name__] += 1
            except Exception as error:  # noqa: BLE001  What the campaign looks for.
                escapes.append(f"{number}: {type(error).__name__}")
            took = time.monotonic() - begun
            slowest = max(slowest, (f"{number} {name}", round(took, 2)), key=lambda one: one[1])
            if number == 200:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 if before else 0.0
        alive = sandbox.protections()
        sandbox.close()
    seconds = time.monotonic() - started
    return {
        "files": count, "seed": seed, "ended": dict(ended), "escapes": escapes, "slowest": slowest,
        "parent_grew_mib": round(grown, 1), "parser_alive": bool(alive), "seconds": round(seconds, 1),
    }  # fmt: skip


def main() -> int:
    count = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    result = campaign(count, seed, Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    print(json.dumps(result))
    return int(bool(result["escapes"]) or float(str(result["parent_grew_mib"])) > MAX_GROWTH_MIB)


if __name__ == "__main__":
    sys.exit(main())
