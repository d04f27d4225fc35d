"""What a parsed document is: pages, blocks of text in reading order, tables as rows, geometry of words.

Values of this module hold **unredacted** text. They live in the memory of the worker that parses and
redacts, and nowhere else (invariant I1): nothing here can be serialised, and `repr` shows no text.

Coordinates are points (1/72 inch), origin at the top left of the page as shown, y growing downwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from appliance.documents.geometry import Box as Box
from appliance.documents.geometry import Spans as Spans
from appliance.documents.geometry import Word as Word
from appliance.documents.geometry import Words as Words

BlockKind = Literal[
    "title", "heading", "paragraph", "list_item", "table_row", "caption",
    "header", "footer", "note", "comment", "metadata",
]  # fmt: skip
DocumentKind = Literal[
    "pdf", "word", "sheet", "slides", "mail", "html", "markdown", "csv", "text", "image",
    "opendocument", "rtf", "outlook", "mailbox", "archive", "hl7", "fhir", "json", "xml",
    "old_word", "old_sheet", "old_slides",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item or table row, in reading order.

    A table row's text is its cells joined by ` | `, and `cells` gives each cell's span in it; the rows of
    one table share `table` (a number unique in the document), header rows have `header_row` set.
    `section` lists the indices of the headings above the block, outermost first. `words` is empty where
    the format has no geometry.
    """

    page: int
    kind: BlockKind
    text: str = field(repr=False)
    section: tuple[int, ...] = ()
    words: Sequence[Word] = field(default=(), repr=False)
    table: int | None = None
    row: int | None = None
    header_row: bool = False
    cells: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page as shown. Width and height are in points; both are 0 where the format has no pages to draw."""

    number: int
    width: float
    height: float
    ocr: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """An identifier that a field of the file names as such, the patient's name in a message for one. **Unredacted.**"""

    type: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the file: its name, **unredacted**, and its size. `Sandbox.attachments` gives the contents."""

    name: str = field(repr=False)
    bytes: int


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document. `pages` are numbered from 1; a spreadsheet's sheets and a deck's slides are pages."""

    kind: DocumentKind
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...] = field(repr=False)
    warnings: tuple[str, ...] = ()
    """Codes with page numbers, such as `ocr_low_confidence:3`; never text of the document."""
    attachments: tuple[Attached, ...] = ()
    known: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True)
class PageImage:
    """One drawn page, **unredacted**: 8-bit RGB rows, `width` x `height` pixels, at `scale` pixels a point."""

    number: int
    width: int
    height: int
    scale: float
    pixels: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Original:
    """A file that passed intake: bytes in memory, its kind by content, its digest."""

    name: str = field(repr=False)
    kind: DocumentKind
    content: bytes = field(repr=False)
    sha256: str = field(repr=False)
    """Hex, of the content. Keyed per collection (a MAC) before it is stored anywhere."""
