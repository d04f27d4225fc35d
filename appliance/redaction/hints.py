"""What detection may know of a text beside the text: what kind of block it is, and the headers above its cells."""

from dataclasses import dataclass

from appliance.documents.document import BlockKind, Document


@dataclass(frozen=True, slots=True)
class BlockHint:
    """What is known of a block beside its text: its kind, and for table rows each cell's span and column header."""

    kind: BlockKind = "paragraph"
    headers: tuple[tuple[int, int, str], ...] = ()


def hints_of(document: Document) -> list[BlockHint]:
    """A hint for each text of `redact.texts_of`: every block's, then the document's name."""
    headers: dict[int, list[str]] = {}
    hints = []
    for block in document.blocks:
        cells = [block.text[start:end] for start, end in block.cells]
        if block.table is not None and block.header_row:
            headers[block.table] = cells
        above = headers.get(block.table, []) if block.table is not None and not block.header_row else []
        spans = tuple((start, end, title) for (start, end), title in zip(block.cells, above) if title)
        hints.append(BlockHint(block.kind, spans))
    return [*hints, BlockHint("title", ())]
