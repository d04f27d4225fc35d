"""OpenDocument 1.3 (ISO/IEC 26300): texts, spreadsheets and decks of LibreOffice and others.

Texts keep headings, lists, tables, notes, comments, headers and footers; tracked deletions and hidden text
are kept as notes. Sheets are read as a stream of rows; slides and sheets are pages.
"""

import zipfile
import zlib
from collections.abc import Iterator

from lxml import etree

from appliance.parser.archive import Element, Package, attribute, child, local
from appliance.parser.failure import ParseFailure
from appliance.parser.formats.cells import is_figure
from appliance.parser.hygiene import clean, squeeze
from appliance.parser.output import Output

_ASIDE_TAGS = ("{*}note", "{*}annotation", "{*}text-box", "{*}hidden-text", "{*}hidden-paragraph")
MAX_COLUMNS = 2000
MAX_REPEATED = 200_000
"""Cells that one row may stand for by being repeated."""
_META = {
    "title": "Title", "creator": "Author", "initial-creator": "Author", "subject": "Subject", "keyword": "Keywords",
    "description": "Description", "user-defined": "",
}  # fmt: skip
_ASIDES = ("note", "annotation", "tracked-changes", "frame", "custom-shape", "rect", "text-box", "g")


def warm() -> None:
    """lxml is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of an OpenDocument file. Raises ParseFailure."""
    package = Package(content, output.limits)
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise ParseFailure("encrypted")
    kind = package.read("mimetype").decode("ascii", "replace") if "mimetype" in package else ""
    if "spreadsheet" in kind:
        _Sheets(package, output).write()
        return
    body = child(package.xml("content.xml"), "body")
    if body is None:
        raise ParseFailure("damaged")
    text = child(body, "text")
    slides = child(body, "presentation") if child(body, "presentation") is not None else child(body, "drawing")
    sheets = child(body, "spreadsheet")
    if sheets is not None:
        _Sheets(package, output).write()
    elif slides is not None:
        _write_slides(package, slides, output)
    elif text is not None:
        _write_text(package, text, output)
    else:
        raise ParseFailure("damaged")


def _write_text(package: Package, body: Element, output: Output) -> None:
    output.head("opendocument")
    output.page(1)
    _write_metadata(package, output)
    running = package.xml("styles.xml") if "styles.xml" in package else None
    walk = _Walk(output)
    _write_running(running, "header", output)
    walk.body(body)
    output.leave_sections()
    _write_running(running, "footer", output)


def _write_slides(package: Package, body: Element, output: Output) -> None:
    slides = [page for page in body if local(page) == "page"]
    output.head("opendocument", len(slides))
    for number, slide in enumerate(slides, 1):
        output.page(number)
        if number == 1:
            _write_metadata(package, output)
        output.leave_sections()
        walk = _Walk(output)
        for shape in slide:
            if local(shape) == "notes":
                said = [t for t in (squeeze("".join(_inline(p))) for p in shape.iter("{*}p")) if t]
                output.block("note", "\n".join(said))
            elif attribute(shape, "class") == "title":
                output.heading(squeeze(" ".join("".join(_inline(p)) for p in shape.iter("{*}p"))), 1)
            else:
                walk.body([shape], listed=attribute(shape, "class") in ("outline", "subtitle"))


def _write_metadata(package: Package, output: Output) -> None:
    if "meta.xml" not in package:
        return
    for element in package.xml("meta.xml").iter():
        label = _META.get(local(element))
        value = squeeze(element.text or "") if label is not None else ""
        if value:
            output.block("metadata", f"{label or attribute(element, 'name') or 'Note'}: {value}")


def _write_running(styles: Element | None, kind: str, output: Output) -> None:
    seen: set[str] = set()
    for part in styles.iter(*(f"{{*}}{kind}{end}" for end in ("", "-left", "-first"))) if styles is not None else ():
        for paragraph in part.iter("{*}p", "{*}h"):
            text = squeeze("".join(_inline(paragraph)))
            if text and text not in seen:
                seen.add(text)
                output.block(kind, text)


class _Walk:
    """Goes through the blocks of a body."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._page = 1

    def body(self, elements: Element, depth: int = 0, listed: bool = False) -> None:
        """Write the paragraphs, lists and tables among elements, and of what they hold."""
        if depth > self._output.limits.max_depth:
            raise ParseFailure("too_large")
        for element in elements:
            name = local(element)
            if name in ("p", "h"):
                self._paragraph(element, depth, listed)
            elif name == "list":
                for item in element:
                    self.body(item, depth + 1, True)
            elif name == "table":
                write_table(element, self._output, depth)
                for inner in element.iter("{*}p", "{*}h"):
                    self._asides(inner, depth)
            elif name == "tracked-changes":
                for deletion in element.iter("{*}deletion"):
                    gone = squeeze(" ".join("".join(_inline(p)) for p in deletion.iter("{*}p", "{*}h")))
                    if gone:
                        self._output.warn("tracked_deletion")
                        self._output.block("note", gone)
            elif name not in ("notes", "forms", "sequence-decls", "variable-decls", "user-field-decls"):
                self.body(element, depth + 1, listed)

    def _paragraph(self, paragraph: Element, depth: int, listed: bool) -> None:
        text = clean("".join(_inline(paragraph))).strip()
        if local(paragraph) == "h":
            level = attribute(paragraph, "outline-level") or "1"
            self._output.heading(squeeze(text), int(level) if level.isdigit() and len(level) < 3 else 1)
        elif attribute(paragraph, "style-name") == "Title":
            self._output.heading(squeeze(text), 0, kind="title")
        else:
            self._output.block("list_item" if listed else "paragraph", text)
        self._asides(paragraph, depth)

    def _asides(self, paragraph: Element, depth: int) -> None:
        """Notes, comments, text boxes and hidden text of a paragraph."""
        for element in paragraph.iter(*_ASIDE_TAGS):
            name = local(element)
            if name == "text-box":
                self.body(element, depth + 1)
            elif name.startswith("hidden"):
                said = squeeze(attribute(element, "string-value") or "")
                if said:
                    self._output.warn("hidden_text")
                    self._output.block("note", said)
            else:
                said = squeeze(" ".join("".join(_inline(p)) for p in element.iter("{*}p")))
                author = next((c.text for c in element if local(c) == "creator" and c.text), None)
                kind = "note" if name == "note" else "comment"
                self._output.block(kind, f"{squeeze(author)}: {said}" if author and said else said)


def _inline(paragraph: Element) -> Iterator[str]:
    """The text of a paragraph without what stands aside of it."""
    yield paragraph.text or ""
    for element in paragraph:
        name = local(element)
        if name == "s":
            count = attribute(element, "c") or "1"
            yield " " * (min(int(count), 200) if count.isdigit() and len(count) < 9 else 1)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name and name not in _ASIDES:
            yield from _inline(element)
        yield element.tail or ""


def write_table(table: Element, output: Output, depth: int = 0) -> None:
    """Write a table of a text; one nested in a cell becomes text of the cell."""
    number = output.new_table()
    above: dict[int, tuple[int, str]] = {}
    rows = list(_table_rows(table))
    marked = any(header for _, header in rows)
    for index, (row, header) in enumerate(rows):
        cells, above = _cells(row, above)
        texts = [text for _, text in cells]
        named = header or (not marked and index == 0 and len(rows) > 1 and _names(texts))
        output.row(texts, number, index, header_row=named)


def _table_rows(table: Element, header: bool = False) -> Iterator[tuple[Element, bool]]:
    for element in table:
        name = local(element)
        if name == "table-row":
            yield element, header
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _table_rows(element, header or name == "table-header-rows")


def _names(texts: list[str]) -> bool:
    filled = [text for text in texts if text]
    return len(filled) * 2 > len(texts) > 1 and not any(is_figure(text) for text in filled)


Below = dict[int, tuple[int, str]]


def _cells(row: Element, above: Below) -> tuple[list[tuple[int, str]], Below]:
    """Column and text of a row's cells; a cell that spans rows repeats its text in each."""
    texts: list[tuple[int, str]] = []
    below: Below = {}
    column = 0
    for cell in row:
        name = local(cell)
        if name not in ("table-cell", "covered-table-cell"):
            continue
        repeat = _count(cell, "number-columns-repeated")
        text = _cell_text(cell) if name == "table-cell" else ""
        if not text and column in above and name == "covered-table-cell":
            left, text = above[column]
            if left > 1:
                below[column] = (left - 1, text)
        down = _count(cell, "number-rows-spanned")
        if text and down > 1:
            below[column] = (down - 1, text)
        if column + repeat <= MAX_COLUMNS:
            texts.extend((column + i, text) for i in range(repeat))
        elif text:
            texts.append((column, text))
        column += repeat
    while texts and not texts[-1][1]:
        texts.pop()
    return texts, below


def _count(cell: Element, name: str) -> int:
    value = attribute(cell, name) or "1"
    return max(1, min(int(value), 1 << 21)) if value.isdigit() and len(value) < 9 else 1


def _cell_text(cell: Element) -> str:
    """What a cell shows; dates and times as ISO 8601, since what is shown depends on the country."""
    kind = attribute(cell, "value-type")
    if kind == "date":
        stated = attribute(cell, "date-value") or ""
        if stated:
            return stated.removesuffix("T00:00:00").replace("T", " ")
    paragraphs = (squeeze("".join(_inline(p))) for p in cell.iter("{*}p", "{*}h") if not _is_aside(p, cell))
    shown = " ".join(p for p in paragraphs if p)
    return shown or squeeze(attribute(cell, "value") or attribute(cell, "string-value") or "")


def _is_aside(paragraph: Element, cell: Element) -> bool:
    at = paragraph.getparent()
    while at is not None and at is not cell:
        if local(at) == "annotation":
            return True
        at = at.getparent()
    return False


class _Sheets:
    """Reads a spreadsheet's content as a stream, so that its size does not matter."""

    def __init__(self, package: Package, output: Output) -> None:
        self._package = package
        self._output = output
        self._table: int | None = None
        self._index = 0
        self._left = 0
        self._above: Below = {}
        self._sheets = 0

    def write(self) -> None:
        """Write every sheet as a page."""
        self._output.head("opendocument")
        with self._package.open("content.xml") as stream:
            if b"<!DOCTYPE" in stream.read(4096):
                raise ParseFailure("damaged")
        with self._package.open("content.xml") as stream:
            events = etree.iterparse(
                stream, events=("start", "end"), tag=("{*}table", "{*}table-row"), resolve_entities=False,
                no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
            )  # fmt: skip
            try:
                for event, element in events:
                    self._take(event, element)
            except etree.XMLSyntaxError:
                raise ParseFailure("damaged") from None
            except (zipfile.BadZipFile, zlib.error, EOFError):
                raise ParseFailure("damaged") from None
        if not self._sheets:
            raise ParseFailure("no_text")

    def _take(self, event: str, element: Element) -> None:
        name = local(element)
        if name == "table" and event == "start" and local(element.getparent()) == "spreadsheet":
            self._sheets += 1
            self._output.leave_sections()
            self._output.page(self._sheets)
            if self._sheets == 1:
                _write_metadata(self._package, self._output)
            self._output.heading(squeeze(attribute(element, "name") or ""), 1)
            self._table, self._above = None, {}
        elif name == "table-row" and event == "end":
            self._row(element)
            for comment in element.iter("{*}annotation"):
                said = " ".join("".join(_inline(p)) for p in comment.iter("{*}p"))
                self._output.block("comment", squeeze(said))
            element.clear()
            while element.getprevious() is not None and local(element.getprevious()) == "table-row":
                del element.getparent()[element.getparent().index(element) - 1]

    def _row(self, row: Element) -> None:
        cells, self._above = _cells(row, self._above)
        filled = [(column, text) for column, text in cells if text]
        if not filled:
            self._table = None
            return
        repeat = _count(row, "number-rows-repeated")
        if repeat * len(cells) > MAX_REPEATED:
            raise ParseFailure("too_large", self._sheets)
        for _ in range(repeat):
            if self._table is None and len(filled) == 1:
                self._output.count_row()
                self._output.block("paragraph", filled[0][1])
                continue
            if self._table is None:
                self._table, self._index, self._left = self._output.new_table(), 0, filled[0][0]
            self._left = min(self._left, filled[0][0])
            texts = [text for column, text in cells if column >= self._left]
            self._output.row(texts, self._table, self._index, header_row=self._index == 0 and _names(texts))
            self._index += 1
