"""Plain text: paragraphs parted by blank lines, in any encoding."""

import re

from appliance.parser.hygiene import clean, decode
from appliance.parser.output import Output

MAX_BLOCK = 8000
"""Characters of one block; longer paragraphs (logs, JSON) are cut at line ends."""

_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
LIST_ITEM = re.compile(
    r"\s*(?:[-*\u2022\u25aa\u25cf\u25e6\u2013\u2043\uf0b7\u00b7\u25a0\u2713\u2610]"
    r"|(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\((?:\d{1,2}|[a-zA-Z]|[ivx]{1,5})\))\s+\S"
)
"""A line that begins like an item of a list."""


def warm() -> None:
    """Load what reading text needs."""
    import charset_normalizer  # noqa: F401


def read(content: bytes, output: Output) -> None:
    """Write plain text as one page of paragraphs."""
    output.head("text", 1)
    output.page(1)
    write_paragraphs(decode(content), output)


def write_paragraphs(text: str, output: Output) -> None:
    """Write text as paragraph and list item blocks."""
    for paragraph in _PARAGRAPHS.split(clean(text)):
        for kind, part in _parts(paragraph):
            output.block(kind, part)


def _parts(paragraph: str) -> list[tuple[str, str]]:
    """A paragraph as blocks: lists fall apart into items, the rest stays together up to MAX_BLOCK."""
    parts: list[tuple[str, list[str], int]] = []
    for line in paragraph.split("\n"):
        item = bool(LIST_ITEM.match(line))
        for piece in _pieces(line):
            last = parts[-1] if parts else None
            if last is None or item or last[2] + len(piece) > MAX_BLOCK:
                parts.append(("list_item" if item else "paragraph", [piece], len(piece)))
            else:
                last[1].append(piece)
                parts[-1] = (last[0], last[1], last[2] + len(piece) + 1)
            item = False
    return [(kind, "\n".join(lines).strip("\n")) for kind, lines, _ in parts]


def _pieces(line: str) -> list[str]:
    line = line.rstrip()
    if len(line) <= MAX_BLOCK:
        return [line]
    pieces = []
    while len(line) > MAX_BLOCK:
        cut = line.rfind(" ", MAX_BLOCK // 2, MAX_BLOCK)
        cut = cut if cut > 0 else MAX_BLOCK
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]
