"""XLSX (ECMA-376 SpreadsheetML) as a stream of rows: bounded memory whatever the number of rows.

Every sheet is a page, hidden ones included (they are in the file, so redaction must see them). Cells give
their last computed value, dates are dates, and a merged cell speaks for each row that it spans. Blank rows
part a sheet's tables; the first row of a table that holds no figures names its columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from appliance.parser.archive import Element, Package, attribute, child, local, parse_xml
from appliance.parser.failure import ParseFailure
from appliance.parser.formats.cells import is_figure, moment_text, number_text
from appliance.parser.hygiene import squeeze
from appliance.parser.output import Output

MAX_MERGES = 100_000
MAX_COLUMNS = 2000
"""Columns of a row that keep their places; a row that is wider is written without its empty cells."""
_CHUNK = 1 << 20


def warm() -> None:
    """openpyxl's formats are loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of a workbook. Raises ParseFailure."""
    package = Package(content, output.limits)
    part = package.main_part("xl/workbook.xml")
    workbook = package.xml(part)
    related = package.related(part)
    sheets = [s for s in workbook.iter("{*}sheet") if related.get(attribute(s, "id") or "", ("", ""))[0] == "worksheet"]
    book = _Book.of(package, workbook, related)
    output.head("sheet", len(sheets))
    for number, sheet in enumerate(sheets, 1):
        output.leave_sections()
        output.page(number)
        if number == 1:
            for label, value in package.properties():
                output.block("metadata", f"{label}: {squeeze(value)}")
        if sheet.get("state", "visible") != "visible":
            output.warn("hidden_sheet", number)
        output.heading(squeeze(sheet.get("name", "")), 1)
        path = related[attribute(sheet, "id") or ""][1]
        _write_sheet(package, path, book, output)
        _write_asides(package, path, output)


@dataclass(slots=True)
class _Book:
    """What all sheets share: strings, formats of cells by style, and the first day of the calendar."""

    strings: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    dates: list[bool] = field(default_factory=list)
    epoch: object = CALENDAR_WINDOWS_1900

    @classmethod
    def of(cls, package: Package, workbook: Element, related: dict[str, tuple[str, str]]) -> "_Book":
        book = cls()
        properties = child(workbook, "workbookPr")
        if properties is not None and properties.get("date1904") in ("1", "true"):
            book.epoch = CALENDAR_MAC_1904
        for kind, path in related.values():
            if kind == "sharedStrings" and path in package:
                book.strings = [_string(item) for item in _stream(package, path, "si")]
            elif kind == "styles" and path in package:
                book._learn_formats(package.xml(path))
        return book

    def _learn_formats(self, styles: Element) -> None:
        codes = {int(f.get("numFmtId", "0")): f.get("formatCode", "") for f in styles.iter("{*}numFmt")}
        cells = child(styles, "cellXfs")
        for style in cells if cells is not None else ():
            identity = int(style.get("numFmtId", "0"))
            code = codes.get(identity) or BUILTIN_FORMATS.get(identity, "General")
            self.formats.append(code)
            self.dates.append(is_date_format(code) or identity in (*range(27, 37), *range(50, 59)))

    def text(self, cell: Element) -> str:
        """What a cell shows."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _string(cell)
        found = child(cell, "v")
        value = (found.text or "") if found is not None else ""
        if kind == "s":
            index = int(value) if value.isdigit() else -1
            return self.strings[index] if 0 <= index < len(self.strings) else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind != "n" or not value:
            return value
        return self._number(value, cell.get("s", "0"))

    def _number(self, value: str, style: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return value
        index = int(style) if style.isdigit() else 0
        if index < len(self.dates) and self.dates[index]:
            try:
                moment = from_excel(number, self.epoch, timedelta="[h" in self.formats[index].lower())
            except (ValueError, OverflowError):
                moment = None
            if moment is not None:
                return moment_text(moment)
        if abs(number) == float("inf") or number != number:
            return value
        return number_text(number, self.formats[index] if index < len(self.formats) else "")


def _string(item: Element) -> str:
    """The text of a string item without its phonetic reading."""
    return "".join(t.text or "" for t in item.iter("{*}t") if local(t.getparent()) != "rPh")


def _stream(package: Package, path: str, *tags: str) -> Iterator[Element]:
    """Elements of a part one by one; each is emptied after use."""
    with package.open(path) as stream:
        head = stream.read(4096)
        if b"<!DOCTYPE" in head:
            raise ParseFailure("damaged")
    with package.open(path) as stream:
        events = etree.iterparse(
            stream,
            events=("end",),
            tag=[f"{{*}}{t}" for t in tags],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for _, element in events:
                yield element
                element.clear()
                while element.getprevious() is not None and element.getparent() is not None:
                    del element.getparent()[0]
        except etree.XMLSyntaxError:
            raise ParseFailure("damaged") from None


@dataclass(slots=True)
class _Merge:
    top: int
    bottom: int
    left: int
    right: int
    text: str = ""


def _merges(package: Package, path: str) -> dict[int, list[_Merge]]:
    """Merged ranges by their first row, from the end of a sheet's part, where the format puts them."""
    found: dict[int, list[_Merge]] = {}
    tail = b""
    with package.open(path) as stream:
        while block := stream.read(_CHUNK):
            tail = tail[-64:] + block if b"<mergeCells" not in tail else tail + block
            if b"</mergeCells>" in tail:
                break
    start, end = tail.find(b"<mergeCells"), tail.find(b"</mergeCells>")
    if start < 0 or end < 0:
        return found
    for merge in list(parse_xml(tail[start : end + 13]))[:MAX_MERGES]:
        first, _, last = merge.get("ref", "").partition(":")
        (left, top), (right, bottom) = _place(first), _place(last or first)
        found.setdefault(top, []).append(_Merge(top, bottom, left, right))
    return found


def _place(reference: str) -> tuple[int, int]:
    """Column and row, from 1, of a reference such as B7; (0, 0) for none."""
    column = row = 0
    for ch in reference.upper():
        if "A" <= ch <= "Z" and not row and column < 1 << 20:
            column = column * 26 + ord(ch) - 64
        elif ch.isascii() and ch.isdigit() and row < 1 << 24:
            row = row * 10 + int(ch)
    return column, row


def _rows(package: Package, path: str, book: _Book) -> Iterator[tuple[int, dict[int, str], bool]]:
    """Row number, texts by column, and whether cells are merged across: rows with anything in them."""
    merges = _merges(package, path)
    open_merges: list[_Merge] = []
    number = 0
    for row in _stream(package, path, "row"):
        stated = row.get("r", "")
        number = int(stated) if stated.isdigit() else number + 1
        cells: dict[int, str] = {}
        column = 0
        for cell in row:
            column = _place(cell.get("r", ""))[0] or column + 1
            text = squeeze(book.text(cell))
            if text:
                cells[column] = text
        open_merges = [m for m in open_merges if m.bottom >= number]
        starting = merges.get(number, [])
        for merge in open_merges:
            if merge.text and merge.left not in cells:
                cells[merge.left] = merge.text
        for merge in starting:
            merge.text = cells.get(merge.left, "")
        open_merges.extend(m for m in starting if m.bottom > number)
        across = [m for m in starting if m.right > m.left and m.text]
        if cells:
            yield number, cells, bool(across) and len(cells) > 1


def _write_sheet(package: Package, path: str, book: _Book, output: Output) -> None:
    if path not in package:
        raise ParseFailure("damaged")
    table: int | None = None
    index = last = left = headers = 0
    for number, cells, across in _rows(package, path, book):
        if table is not None and number > last + 1:
            table = None
        last = number
        if table is None and len(cells) == 1:
            output.block("paragraph", next(iter(cells.values())))
            continue
        if table is None:
            table, index, left = output.new_table(), 0, min(cells)
            headers = 0 if any(is_figure(text) for text in cells.values()) else (2 if across else 1)
        elif index and index < headers and any(is_figure(text) for text in cells.values()):
            headers = index
        left = min(left, *cells)
        right = max(cells) if max(cells) - left < MAX_COLUMNS else left - 1
        texts = [cells.get(c, "") for c in range(left, right + 1)] or list(cells.values())
        output.row(texts, table, index, header_row=index < headers)
        index += 1


def _write_asides(package: Package, path: str, output: Output) -> None:
    """Comments and the text in drawings of a sheet."""
    for kind, target in package.related(path).values():
        if target not in package:
            continue
        if kind in ("comments", "threadedComment"):
            for comment in package.xml(target).iter("{*}comment", "{*}threadedComment"):
                output.block("comment", squeeze("".join(t.text or "" for t in comment.iter("{*}t", "{*}text"))))
        elif kind == "drawing":
            for paragraph in package.xml(target).iter("{http://schemas.openxmlformats.org/drawingml/2006/main}p"):
                output.block("paragraph", squeeze("".join(t.text or "" for t in paragraph.iter("{*}t"))))
