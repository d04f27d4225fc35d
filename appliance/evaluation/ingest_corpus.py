"""Made-up files to measure ingestion with: paragraphs of the sample documents, people and numbers that do not exist.

The same seed gives the same bytes. Nothing is taken from anybody's data.
"""

import random
import zlib
from collections.abc import Sequence
from pathlib import Path

GIVEN = ("Wilhelmina", "Oskar", "Ruth", "Jean", "Priya", "Tomasz", "Aiko", "Lena", "Samuel", "Ines", "Mehmet", "Clara")
FAMILY = ("Featherston", "Lindqvist", "Okafor", "Duboisson", "Raman", "Bakerfield", "Satomi", "Novakova", "Harrowgate")
CHARACTERS = 4000
"""Of a file: a page and a half."""
LINE = 92
LINES = 52
"""Of a page of the PDF."""


def write_files(folder: Path, samples: Sequence[str], count: int, seed: int = 7) -> int:
    """Write `count` text files of about CHARACTERS each below `folder`. Characters in all."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for number in range(count):
        text = note(samples, random.Random(seed * 100_003 + number), CHARACTERS)
        (folder / f"note-{number:04}.txt").write_text(text, "utf-8")
        total += len(text)
    return total


def note(samples: Sequence[str], chance: random.Random, characters: int) -> str:
    """A note about somebody, made of sample paragraphs."""
    who = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
    parts = [
        f"Patient: {who}, born {chance.randint(1, 28)} March 19{chance.randint(30, 99)}.",
        f"MRN {chance.randrange(10**8):08}.",
        f"{who.split()[0]} {who.split()[1]} was seen by Dr {chance.choice(FAMILY)} on the ward.",
    ]
    while sum(map(len, parts)) < characters:
        parts.append(f"{chance.choice(samples)} Entry {chance.randrange(10**6)}.")  # else pieces would repeat
        if chance.random() < 0.3:
            parts.append(f"Telephone 555-01{chance.randrange(100):02}-{chance.randrange(1000):03}; ask for {who}.")
    return "\n\n".join(parts)


def paragraphs(folder: Path) -> list[str]:
    """Paragraphs of the Markdown files below `folder`, without headings and tables."""
    found = []
    for file in sorted(folder.rglob("*.md")):
        found += [
            " ".join(part.split()) for part in file.read_text("utf-8").split("\n\n")
            if len(part) > 80 and not part.lstrip().startswith(("#", "|", "-"))
        ]  # fmt: skip
    return found


def pdf(samples: Sequence[str], pages: int, seed: int = 7, changed: int = 0) -> bytes:
    """A text PDF (ISO 32000-1) of `pages` pages, LINES lines each, in one standard font; on page `changed`, if any,
    another line begins."""
    chance = random.Random(seed)
    lines: list[str] = []
    while len(lines) < pages * LINES:
        for paragraph in note(samples, chance, 2 * CHARACTERS).split("\n\n"):
            words, line = paragraph.split(), ""
            for word in words:
                if len(line) + len(word) >= LINE:
                    lines.append(line)
                    line = ""
                line = f"{line} {word}".strip()
            lines += [line, ""]
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for number in range(pages):
        own = lines[number * LINES : (number + 1) * LINES]
        if number + 1 == changed:
            own[0] = "This line was written for the second version of the document."
        shown = "".join(f"({_escaped(line)}) Tj T*\n" for line in own)
        stream = zlib.compress(f"BT /F1 10 Tf 14 TL 50 790 Td\n{shown}ET".encode("latin-1", "replace"))
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, b" ".join(kids))
    return _file(objects)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file(objects: Sequence[bytes]) -> bytes:
    """The objects with header, cross-reference table and trailer."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, each in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
