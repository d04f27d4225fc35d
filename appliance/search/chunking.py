"""Cut a screened document into chunks along its headings, tables and lists.

1. Blocks fall into runs: the blocks of one section, the rows of one table.
2. A block becomes one segment, a long block one for each sentence. No cut falls inside a surrogate.
3. The segments of a run are packed into chunks of about equal size, at most `tokens` long; in a long run, page by
   page, so that a changed page leaves the chunks of others as they were. A heading stays
   with the text below it, a list with its items where that fits. A run too small to stand alone joins the next.
4. Every chunk of a table begins with the table's header rows.
5. What is printed on every page (headers, footers) is kept once, at the end.

Every character of a chunk is a character of a block at a known offset, except line breaks between blocks and
header rows repeated after the first chunk of a table: `ChunkSpan` maps the others. No model is loaded here:
tokens are estimated from words.
"""

import hashlib
import math
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from appliance.documents.geometry import touching
from appliance.redaction.findings import RedactedBlock, RedactedDocument, ScreenedDocument
from appliance.search.chunk import Chunk, ChunkSpan

TOKENS = 200
"""Longest chunk in estimated word pieces; the embedding model reads 256, title and section included."""
TINY = 24
"""A run shorter than this joins the next one."""
STRETCH = 3
"""Full chunks of one section after which the next page begins a new chunk."""
ROUNDING = 0.9
"""Share of a chunk that is planned to be filled, because units do not come in fitting sizes."""

Counter = Callable[[str], int]
Blocks = tuple[RedactedBlock, ...]
_WORD = re.compile(r"\w+|[^\w\s]")
_CODE = re.compile(r"(?<=:)[a-z2-7]{8}(?=\])")
_CUTS = (re.compile(r"(?<=[.!?;:])[\"')\]]*\s+|\n+"), re.compile(r"\s+"), re.compile(r"(?<=.{200})", re.DOTALL))
"""Where a long block may be cut: after sentences, else between words, else anywhere."""
_RUNNING = ("header", "footer")
_HEADINGS = ("title", "heading")


@dataclass(frozen=True, slots=True)
class _Segment:
    """`start:end` of the text of block `index`; `mapped` is false where it only repeats a header row."""

    index: int
    start: int
    end: int
    tokens: int
    mapped: bool = True


def estimate_tokens(text: str) -> int:
    """Word pieces of `text`, estimated: one for a mark or short word, more for long words and numbers. A surrogate
    counts the same whatever its random letters are."""
    words = _WORD.findall(_CODE.sub("x" * 8, text))
    return sum(1 + (len(word) - 1) // (3 if word[0].isdigit() else 7) for word in words)


def chunk(
    document: ScreenedDocument, version: str, *, tokens: int = TOKENS, count: Counter = estimate_tokens
) -> list[Chunk]:
    """The chunks of `document` in reading order. The same input gives the same chunks with the same ids."""
    return _chunks(document.document, document.flagged, version, tokens, count)


def expected(document: RedactedDocument, *, whole: bool) -> list[Chunk]:
    """The chunks that a document would have if it stayed as it is: to compute ahead with, never to be stored. Unless
    it is `whole`, those that what follows would change are left out."""
    chunks = _chunks(document, frozenset(), "", TOKENS, estimate_tokens)
    closed = len(document.blocks) if whole else _closed(document.blocks)
    return [chunk for chunk in chunks if all(span.block < closed for span in chunk.spans)]


def _closed(blocks: Blocks) -> int:
    """How many blocks stand before the last stretch, which further blocks would lengthen."""
    body = [i for i, block in enumerate(blocks) if block.text.strip() and block.kind not in _RUNNING]
    if not body:
        return 0
    last = [i for i in body if _run_key(blocks, i) == _run_key(blocks, body[-1])]
    *_, stretch = _stretches(blocks, _units(blocks, last, TOKENS, estimate_tokens), TOKENS)
    return stretch[0][0].index


def _chunks(
    document: RedactedDocument, flagged: frozenset[int], version: str, tokens: int, count: Counter
) -> list[Chunk]:
    blocks = document.blocks
    chunks: list[Chunk] = []
    for segments in _groups(document, tokens, count):
        text, spans = _assemble(blocks, segments)
        chunks.append(
            Chunk(
                id=chunk_id(version, len(chunks), text),
                ordinal=len(chunks),
                text=text,
                title=document.title,
                section=_section(blocks, segments),
                spans=spans,
                kind="text" if blocks[segments[-1].index].table is None else "table",
                flagged=any(segment.index in flagged for segment in segments),
            )
        )
    return chunks


def chunk_id(version: str, ordinal: int, text: str) -> str:
    """A UUID (RFC 9562, version 8) made from the version's id, the position and the text."""
    digest = bytearray(hashlib.sha256(f"{version}\0{ordinal}\0{text}".encode("utf-8", "surrogatepass")).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def _groups(document: RedactedDocument, tokens: int, count: Counter) -> Iterator[list[_Segment]]:
    """The segments of each chunk, in order."""
    blocks = document.blocks
    visible = [i for i, block in enumerate(blocks) if block.text.strip()]
    body = [i for i in visible if blocks[i].kind not in _RUNNING]
    carried: list[_Segment] = []
    for _, run in groupby(body, key=lambda i: _run_key(blocks, i)):
        indices = list(run)
        rows = [i for i in indices if blocks[i].table is not None and blocks[i].header_row]
        header = [segment for i in rows for segment in _segments(blocks[i], i, tokens, count)]
        if _size(header) > tokens // 3 or len(rows) == len(indices):
            rows, header = [], []
        rest = [i for i in indices if i not in rows]
        if not header and _size(carried) + sum(count(blocks[i].text) for i in rest) < TINY:
            carried += [segment for i in rest for segment in _segments(blocks[i], i, tokens, count)]
            continue
        room = tokens - _size(header)
        units = _units(blocks, rest, room, count)
        if carried:
            units[0] = [*carried, *units[0]]
        parts = (part for stretch in _stretches(blocks, units, room) for part in _pack(stretch, room))
        for number, part in enumerate(parts):
            repeated = [replace(segment, mapped=number == 0) for segment in header]
            at = len(carried) if number == 0 else 0
            yield part[:at] + repeated + part[at:]
        carried = []
    if carried:
        yield carried
    running: dict[str, int] = {}
    for i in visible:
        if blocks[i].kind in _RUNNING:
            running.setdefault(re.sub(r"\d+", "0", blocks[i].text.strip()), i)
    yield from _pack(_units(blocks, running.values(), tokens, count), tokens)


def _run_key(blocks: Blocks, index: int) -> tuple[str, object]:
    block = blocks[index]
    if block.table is not None:
        return ("table", block.table)
    return ("section", (*block.section, index) if block.kind in _HEADINGS else block.section)


def _units(blocks: Blocks, indices: Iterable[int], room: int, count: Counter) -> list[list[_Segment]]:
    """Segments that should not be parted: a heading with what follows, the items of a list with their lead."""
    units: list[list[_Segment]] = []
    previous: RedactedBlock | None = None
    for index in indices:
        block = blocks[index]
        segments = _segments(block, index, room, count)
        joins = previous is not None and (
            previous.kind in _HEADINGS
            or (block.kind == "list_item" and (previous.kind == "list_item" or previous.text.rstrip().endswith(":")))
        )
        if joins and _size(units[-1]) + segments[0].tokens <= room:
            units[-1].append(segments[0])
            segments = segments[1:]
        units += [[segment] for segment in segments]
        previous = block
    return units


def _segments(block: RedactedBlock, index: int, room: int, count: Counter) -> list[_Segment]:
    """The block whole, or cut into pieces of at most `room` tokens."""
    start = len(block.text) - len(block.text.lstrip())
    end = len(block.text.rstrip())
    pieces = _cut(block, start, end, room, count, 0)
    return [_Segment(index, start, end, count(block.text[start:end])) for start, end in pieces]


def _cut(block: RedactedBlock, start: int, end: int, room: int, count: Counter, level: int) -> list[tuple[int, int]]:
    text = block.text[start:end]
    if level == len(_CUTS) or count(text) <= room:
        return [(start, end)]
    breaks = [(start + m.start(), start + m.end()) for m in _CUTS[level].finditer(text)]
    whole = [(entity.start, entity.end) for entity in block.entities]
    breaks = [(a, b) for a, b in breaks if start < a < end and not any(left < b and a < right for left, right in whole)]
    edges = [(start, start), *breaks, (end, end)]
    pieces: list[tuple[int, int]] = []
    for (_, left), (right, _) in pairwise(edges):
        if level > 0 and pieces and count(block.text[pieces[-1][0] : right]) <= room:
            pieces[-1] = (pieces[-1][0], right)
        elif left < right:
            pieces.append((left, right))
    return [piece for left, right in pieces for piece in _cut(block, left, right, room, count, level + 1)]


def _stretches(blocks: Blocks, units: list[list[_Segment]], room: int) -> Iterator[list[list[_Segment]]]:
    """A long run cut where pages turn, so that what a page changes moves no chunk of a later page."""
    stretch: list[list[_Segment]] = []
    for unit in units:
        turned = stretch and blocks[unit[0].index].page != blocks[stretch[-1][-1].index].page
        if turned and sum(map(_size, stretch)) >= STRETCH * room:
            yield stretch
            stretch = []
        stretch.append(unit)
    yield stretch


def _pack(units: list[list[_Segment]], room: int) -> Iterator[list[_Segment]]:
    """Join units into parts of about equal size, none above `room` unless a unit alone is."""
    total = sum(_size(unit) for unit in units)
    target = total if total <= room else total / math.ceil(total / (ROUNDING * room))
    part: list[_Segment] = []
    done, parts = 0, 1
    for unit in units:
        size = _size(unit)
        if part and (_size(part) + size > room or done + size / 2 > target * parts):
            yield part
            part, parts = [], parts + 1
        part = part + unit
        done += size
    if part:
        yield part


def _assemble(blocks: Blocks, segments: list[_Segment]) -> tuple[str, tuple[ChunkSpan, ...]]:
    """The chunk's text and where it came from. Neighbouring pieces of one block are joined as they stood."""
    text = ""
    spans: list[ChunkSpan] = []
    for index, group in groupby(segments, key=lambda segment: segment.index):
        pieces = list(group)
        first, last = pieces[0].start, pieces[-1].end
        if text:
            text += "\n"
        offset = len(text)
        text += blocks[index].text[first:last]
        if pieces[0].mapped:
            boxes = tuple(
                (*word.box, offset + max(word.start, first) - first, offset + min(word.end, last) - first)
                for word in touching(blocks[index].words, first, last)
            )
            spans.append(ChunkSpan(offset, len(text), blocks[index].page, index, boxes))
    return text, tuple(spans)


def _section(blocks: Blocks, segments: list[_Segment]) -> tuple[str, ...]:
    """The headings that all of the chunk's text stands under."""
    plain = [s.index for s in segments if blocks[s.index].kind not in _HEADINGS] or [segments[-1].index]
    common = blocks[plain[0]].section
    for index in plain[1:]:
        other = blocks[index].section
        shared = [a for a, b in zip(common, other, strict=False) if a == b]
        common = common[: len(shared)]
    return tuple(" ".join(blocks[i].text.split()) for i in common)


def _size(segments: Iterable[_Segment]) -> int:
    return sum(segment.tokens for segment in segments)
