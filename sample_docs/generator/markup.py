"""The small markup of `content/`: a head of `key: value` lines, `---`, then Markdown-like blocks.

    # Heading          - bullet          1. numbered step          > speaker's note          === (new page)
    | cell | cell |    (a row; the first row of a table is its header)
    {okafor.comma}     a person's name or fact, as `people.py` spells it
    {DATE_TIME:3 May 2026}   {ID@okafor:AP-20991}   any other identifier, with whose it is after the `@`

An identifier can be written only through a marker, and a marker always becomes a `Mention`: that is why
the ground truth is complete.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.people import QUASI, Mention, People

_MARKER = re.compile(r"\{([^{}]+)\}")
_NUMBERED = re.compile(r"\d+\. ")


@dataclass(frozen=True)
class Text:
    """Words and mentions in order."""

    parts: tuple[str | Mention, ...]

    def __str__(self) -> str:
        return "".join(p if isinstance(p, str) else p.value for p in self.parts)

    def mentions(self) -> list[Mention]:
        """The identifiers in it, in order."""
        return [p for p in self.parts if isinstance(p, Mention)]


@dataclass(frozen=True)
class Block:
    """`kind`: heading, paragraph, bullet, numbered, table, note or break.

    `level` is a heading's depth or a numbered step's number. A table has `rows`, the first a header.
    """

    kind: str
    text: Text = Text(())
    level: int = 0
    rows: tuple[tuple[Text, ...], ...] = ()

    def texts(self) -> Iterator[Text]:
        """Every piece of text of the block, in reading order."""
        if self.kind == "table":
            for row in self.rows:
                yield from row
        else:
            yield self.text


@dataclass(frozen=True)
class Source:
    """One document before it has a format. `path` is relative to the output folder."""

    path: str
    head: dict[str, Text]
    blocks: tuple[Block, ...]
    name_mentions: tuple[Mention, ...] = field(default=())

    def sections(self) -> list[tuple[Text, list[Block]]]:
        """Blocks grouped under their first-level headings: the sheets of a workbook, the slides of a deck."""
        groups: list[tuple[Text, list[Block]]] = []
        for block in self.blocks:
            if block.kind == "heading" and block.level == 1:
                groups.append((block.text, []))
            else:
                groups[-1][1].append(block)
        return groups


def load(file: Path, sector: str, people: People) -> Source:
    """Read one content file; its name less `.txt` is the name of the document."""
    head_text, _, body = file.read_text("utf-8").partition("\n---\n")
    head = {}
    for line in head_text.splitlines():
        key, _, value = line.partition(":")
        head[key.strip()] = resolve(value.strip(), people)
    named = tuple(head.pop("named", Text(())).mentions())
    return Source(f"{sector}/{file.name.removesuffix('.txt')}", head, tuple(_blocks(body, people)), named)


def resolve(raw: str, people: People) -> Text:
    """Turn the markers of one string into mentions. Raises KeyError for an unknown person or field."""
    parts: list[str | Mention] = []
    for i, piece in enumerate(_MARKER.split(raw)):
        if i % 2 == 0:
            if piece:
                parts.append(piece)
        elif ":" in piece and piece.split(":")[0].split("@")[0].isupper():
            kind, _, value = piece.partition(":")
            kind, _, owner = kind.partition("@")
            person = people.person_id(owner) if owner else None
            quasi = kind in QUASI or (kind == "LOCATION" and not owner)
            parts.append(Mention(value, kind, "quasi" if quasi else "direct", person))
        else:
            parts.append(people.mention(*piece.split(".")))
    return Text(tuple(parts))


def _blocks(body: str, people: People) -> Iterator[Block]:
    for chunk in re.split(r"\n\s*\n", body.strip("\n")):
        lines = chunk.splitlines()
        if lines[0].startswith("|"):
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            yield Block("table", rows=tuple(tuple(resolve(c, people) for c in row) for row in rows))
            continue
        paragraph: list[str] = []
        for line in lines:
            if (kind := _kind(line)) == "paragraph":
                paragraph.append(line)
                continue
            if paragraph:
                yield Block("paragraph", resolve(" ".join(paragraph), people))
                paragraph = []
            mark, _, rest = line.partition(" ")
            level = {"heading": len(mark), "numbered": int(mark[:-1]) if kind == "numbered" else 0}.get(kind, 0)
            yield Block(kind, resolve(rest, people), level=level)
        if paragraph:
            yield Block("paragraph", resolve(" ".join(paragraph), people))


def _kind(line: str) -> str:
    if line.startswith("==="):
        return "break"
    if line.startswith("#"):
        return "heading"
    if line.startswith("- "):
        return "bullet"
    if line.startswith("> "):
        return "note"
    return "numbered" if _NUMBERED.match(line) else "paragraph"
