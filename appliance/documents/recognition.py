"""Pages that were recognised apart, put back into their document.

A scan is recognised page by page, each page in a child of its own: that bounds memory and time by the page,
uses every processor, and names the page that could not be read. Here the parts become one document again:
blocks, tables and headings get the numbers that they have in the whole.
"""

from collections.abc import Mapping
from dataclasses import replace

from appliance.documents.document import Block, Document

_BEFORE = ("metadata", "header")
_OUTSIDE = ("metadata", "header", "footer")


def merged(document: Document, read: Mapping[int, Document]) -> Document:
    """`document` with the blocks of pages that were read apart, by page number.

    Text that has no heading above it on its own page belongs under the last heading of the page before.
    """
    blocks: list[Block] = []
    moved: dict[int, int] = {}
    tables = 1 + max((block.table for block in document.blocks if block.table is not None), default=-1)
    path: tuple[int, ...] = ()
    waiting = list(enumerate(document.blocks))
    warnings = list(document.warnings)
    for page in document.pages:
        own = [(index, block) for index, block in waiting if block.page == page.number]
        waiting = waiting[len(own) :]
        part = read.get(page.number)
        first = [one for one in own if part is None or one[1].kind in _BEFORE]
        last = [one for one in own if part is not None and one[1].kind not in _BEFORE]
        for index, block in first:
            moved[index] = len(blocks)
            blocks.append(replace(block, section=tuple(moved[i] for i in block.section)))
        if part is not None:
            path, tables = _add(part, blocks, path, tables)
            warnings += part.warnings
        for index, block in last:
            moved[index] = len(blocks)
            blocks.append(replace(block, section=tuple(moved[i] for i in block.section)))
        if part is None and own:
            path = _open_path(blocks, path)
    return replace(document, blocks=tuple(blocks), warnings=tuple(dict.fromkeys(warnings)))


def _add(part: Document, blocks: list[Block], path: tuple[int, ...], tables: int) -> tuple[tuple[int, ...], int]:
    """Add a page's blocks; the path of headings that is open after them, and the next number of a table."""
    base = len(blocks)
    highest = -1
    for block in part.blocks:
        section = tuple(base + i for i in block.section)
        if not section and block.kind not in (*_OUTSIDE, "title", "heading"):
            section = path
        if block.kind in ("title", "heading"):
            path = (*section, len(blocks))
        table = block.table
        if table is not None:
            highest = max(highest, table)
            table += tables
        blocks.append(replace(block, section=section, table=table))
    return path, tables + highest + 1


def _open_path(blocks: list[Block], before: tuple[int, ...]) -> tuple[int, ...]:
    """The headings that are open after the last block that stands under any."""
    for index in range(len(blocks) - 1, -1, -1):
        block = blocks[index]
        if block.kind in ("title", "heading"):
            return (*block.section, index)
        if block.kind not in _OUTSIDE:
            return block.section or before
    return before
