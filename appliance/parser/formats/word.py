"""DOCX (ECMA-376 WordprocessingML), read from its own parts so that nothing a reader can find is missed.

    1. core properties, then headers of the sections
    2. the body in order: headings by style or outline level, lists, tables, text boxes, page breaks
    3. footnotes, endnotes and comments, then footers

Tracked insertions are text. Tracked deletions, and text set hidden, are kept too, as notes: they are in
the file, so whoever redacts must see them. Fields give their last result.
"""

from collections.abc import Iterator

from appliance.parser.archive import Element, Package, attribute, child, local
from appliance.parser.failure import ParseFailure
from appliance.parser.formats.word_styles import Styles
from appliance.parser.hygiene import clean, squeeze
from appliance.parser.output import Output


def warm() -> None:
    """lxml is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of a word-processing document. Raises ParseFailure."""
    package = Package(content, output.limits)
    part = package.main_part("word/document.xml")
    body = child(package.xml(part), "body")
    if body is None:
        raise ParseFailure("damaged")
    related = package.related(part)
    output.head("word")
    output.page(1)
    for label, value in package.properties():
        output.block("metadata", f"{label}: {squeeze(value)}")
    reader = _Reader(package, Styles.of(package, related), output)
    reader.running("header", related)
    reader.body(body)
    output.leave_sections()
    reader.notes(related)
    reader.running("footer", related)


class _Reader:
    """Walks the elements of one document."""

    def __init__(self, package: Package, styles: Styles, output: Output) -> None:
        self._package = package
        self._styles = styles
        self._output = output
        self._page = 1
        self._turned = False

    def body(self, body: Element, depth: int = 0) -> None:
        """Write paragraphs and tables of a body, of content controls and of smart tags in it."""
        if depth > self._output.limits.max_depth:
            raise ParseFailure("too_large")
        for element in body:
            name = local(element)
            if name == "p":
                self._paragraph(element)
            elif name == "tbl":
                self._table(element)
            elif name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"):
                self.body(element, depth + 1)

    def running(self, kind: str, related: dict[str, tuple[str, str]]) -> None:
        """Write the texts of all headers or footers, each once."""
        seen: set[str] = set()
        for found, part in related.values():
            if found == kind and part in self._package:
                for paragraph in self._package.xml(part).iter("{*}p"):
                    text = squeeze("".join(_runs(paragraph)))
                    if text and text not in seen:
                        seen.add(text)
                        self._output.block(kind, text)

    def notes(self, related: dict[str, tuple[str, str]]) -> None:
        """Write footnotes, endnotes and comments (with their authors)."""
        for kind, part in related.values():
            if kind in ("footnotes", "endnotes") and part in self._package:
                for note in self._package.xml(part):
                    if attribute(note, "type") in (None, "normal"):
                        self._output.block("note", squeeze(" ".join(_texts(note))))
            elif kind == "comments" and part in self._package:
                for comment in self._package.xml(part):
                    author = attribute(comment, "author")
                    text = squeeze(" ".join(_texts(comment)))
                    self._output.block("comment", f"{squeeze(author)}: {text}" if author and text else text)

    def _paragraph(self, paragraph: Element) -> None:
        self._turn_pages(_breaks_before(paragraph, self._turned))
        text = clean("".join(_runs(paragraph))).strip()
        look = self._styles.look(paragraph)
        if text:
            self._turned = False
            line = squeeze(text)
            if look.title:
                self._output.heading(line, 0, kind="title")
            elif look.level is not None:
                self._output.heading(line, look.level)
            elif look.caption:
                self._output.block("caption", line)
            else:
                self._output.block("list_item" if look.listed else "paragraph", text)
        self._asides(paragraph)
        self._turn_pages(_breaks_inside(paragraph))

    def _asides(self, paragraph: Element) -> None:
        """Text boxes of a paragraph, and what was deleted or hidden in it."""
        for box in paragraph.iter("{*}txbxContent"):
            if not any(local(a) == "Fallback" for a in box.iterancestors()):
                self.body(box)
        for deleted in paragraph.iter("{*}del", "{*}moveFrom"):
            text = squeeze("".join(_deleted(deleted)))
            if text:
                self._output.warn("tracked_deletion", self._page)
                self._output.block("note", text)
        hidden = squeeze("".join(_hidden(paragraph)))
        if hidden:
            self._output.warn("hidden_text", self._page)
            self._output.block("note", hidden)

    def _table(self, table: Element) -> None:
        number = self._output.new_table()
        rows = [row for row in _rows(table) if local(row) == "tr"]
        above: dict[int, str] = {}
        for index, row in enumerate(rows):
            cells, above = _cells(row, above, self._output.limits.max_depth)
            self._output.row(cells, number, index, header_row=_is_header(row, index, rows))
            for paragraph in row.iter("{*}p"):
                self._asides(paragraph)
        for paragraph in table.iter("{*}p"):
            self._turn_pages(_breaks_before(paragraph, False) + _breaks_inside(paragraph))

    def _turn_pages(self, count: int) -> None:
        for _ in range(count):
            self._page += 1
            self._output.page(self._page)
            self._turned = True


def _rows(table: Element) -> Iterator[Element]:
    for element in table:
        if local(element) in ("sdt", "sdtContent", "customXml", "ins"):
            yield from _rows(element)
        else:
            yield element


def _cells(row: Element, above: dict[int, str], depth: int) -> tuple[list[str], dict[int, str]]:
    """The cells' texts. A cell merged with the one above repeats its text, so that a row says all of itself."""
    texts: list[str] = []
    now: dict[int, str] = {}
    column = 0
    for cell in _rows(row):
        if local(cell) != "tc":
            continue
        properties = child(cell, "tcPr")
        merge = child(properties, "vMerge") if properties is not None else None
        span = child(properties, "gridSpan") if properties is not None else None
        text = " ".join(_texts(cell))
        if merge is not None and attribute(merge, "val") != "restart" and not text.strip():
            text = above.get(column, "")
        if merge is not None:
            now[column] = text
        texts.append(text)
        width = attribute(span, "val") if span is not None else None
        column += int(width) if width and width.isdigit() else 1
    return texts, now


def _is_header(row: Element, index: int, rows: list[Element]) -> bool:
    """A row marked to be repeated as a header, else the first row of several when all of it is in bold or
    the table's look says that the first row is special."""
    properties = child(row, "trPr")
    if properties is not None and child(properties, "tblHeader") is not None:
        return True
    if index > 0 or len(rows) < 2:
        return False
    look = child(rows[0].getparent(), "tblPr", "tblLook")
    if look is not None:
        if attribute(look, "firstRow") in ("1", "true"):
            return True
        value = attribute(look, "val")
        try:
            if value and int(value, 16) & 0x20:
                return True
        except ValueError:
            pass
    runs = [r for r in row.iter("{*}r") if "".join(t.text or "" for t in r.iter("{*}t")).strip()]
    return bool(runs) and all(_is_set(r, "b") for r in runs)


def _is_set(run: Element, name: str) -> bool:
    found = child(run, "rPr", name)
    return found is not None and attribute(found, "val") not in ("0", "false", "off")


def _texts(element: Element) -> list[str]:
    """The texts of the paragraphs in an element, those of nested tables included."""
    return [t for t in (squeeze("".join(_runs(p))) for p in element.iter("{*}p")) if t]


def _runs(paragraph: Element) -> Iterator[str]:
    """The visible text of a paragraph without its text boxes, deletions and hidden runs."""
    for element in paragraph:
        name = local(element)
        if name in ("pPr", "del", "moveFrom", "AlternateContent", "pict", "drawing", "object"):
            continue
        if name == "r":
            if not _is_set(element, "vanish"):
                yield from _run(element)
        elif name in ("oMath", "oMathPara"):
            yield from (t.text or "" for t in element.iter("{*}t"))
        elif name != "p":
            yield from _runs(element)


def _run(run: Element) -> Iterator[str]:
    for element in run:
        name = local(element)
        if name == "t":
            yield element.text or ""
        elif name in ("tab", "ptab"):
            yield "\t"
        elif name == "br":
            yield "\n" if attribute(element, "type") in (None, "textWrapping") else ""
        elif name == "cr":
            yield "\n"
        elif name == "noBreakHyphen":
            yield "-"
        elif name == "sym":
            yield " "


def _deleted(element: Element) -> Iterator[str]:
    for run in element.iter("{*}delText", "{*}t"):
        yield run.text or ""


def _hidden(paragraph: Element) -> Iterator[str]:
    for run in paragraph.iter("{*}r"):
        if _is_set(run, "vanish"):
            yield from _run(run)


def _breaks_before(paragraph: Element, turned: bool) -> int:
    """1 when the paragraph begins a page, by its own setting or by the mark that Word left there; that
    mark says nothing new when a page was just begun (`turned`)."""
    found = child(paragraph, "pPr", "pageBreakBefore")
    if found is not None and attribute(found, "val") not in ("0", "false", "off"):
        return 1
    return 1 if not turned and _opens_with_rendered(paragraph) else 0


def _opens_with_rendered(paragraph: Element) -> bool:
    """Whether the first run begins with the mark that Word leaves where it last began a page."""
    for run in paragraph.iter("{*}r"):
        for element in run:
            name = local(element)
            if name == "lastRenderedPageBreak":
                return True
            if name in ("t", "tab", "br"):
                return False
    return False


def _breaks_inside(paragraph: Element) -> int:
    """Page breaks in a paragraph after its beginning; a break and Word's own mark after it are one."""
    count = 0
    explicit = False
    first = True
    for element in paragraph.iter("{*}br", "{*}lastRenderedPageBreak", "{*}t"):
        name = local(element)
        if name == "t":
            first = first and not (element.text or "").strip()
            explicit = False
        elif name == "br":
            if attribute(element, "type") == "page":
                count, explicit, first = count + 1, True, False
        elif not explicit and not first:
            count += 1
    return count
