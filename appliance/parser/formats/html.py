"""HTML, also the HTML of mails and in Markdown: headings, paragraphs, lists and tables as a browser shows them.

Nothing is fetched. Scripts and styles are dropped. Text that a browser would not show is dropped too, and a
warning says so, since instructions are hidden that way.
"""

import re
from collections.abc import Iterator

from lxml import etree, html

from appliance.parser.archive import Element
from appliance.parser.failure import ParseFailure
from appliance.parser.formats.csv import names_columns
from appliance.parser.hygiene import clean, decode, squeeze
from appliance.parser.output import Output

_SKIPPED = frozenset(
    ("script", "style", "noscript", "template", "svg", "math", "head", "iframe", "object", "embed", "canvas")
) | {"audio", "video", "select", "datalist", "button"}
_INLINE = (
    frozenset(("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em"))
    | {"font", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small"}
    | {"span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
    r"|mso-hide\s*:\s*all|(?:left|top|text-indent)\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
_LEVELS = {f"h{n}": n for n in range(1, 7)}
MAX_SPAN = 200


def warm() -> None:
    """lxml is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of a page. Raises ParseFailure."""
    output.head("html", 1)
    output.page(1)
    write_html(html_text(content), output)


def write_html(text: str, output: Output) -> None:
    """Write HTML into the page that was begun."""
    parser = html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = html.document_fromstring(clean(text).encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise ParseFailure("damaged") from None
    for name, label in (("title", "Title"), ("author", "Author"), ("description", "Description")):
        found = root.find(".//head/title") if name == "title" else root.find(f".//head/meta[@name='{name}']")
        value = "" if found is None else (found.text or "") if name == "title" else found.get("content", "")
        if value.strip():
            output.block("metadata", f"{label}: {squeeze(value)}")
    body = root.find("body")
    _Walk(output).block(root if body is None else body, 0)


def html_text(content: bytes) -> str:
    """HTML in the encoding that it declares, or whatever encoding it is."""
    declared = _DECLARED.search(content[:4096])
    if declared and not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = declared.group(1).decode("ascii")
        if not name.lower().startswith("utf-16"):
            try:
                return content.decode(name)
            except (LookupError, UnicodeDecodeError):
                pass
    return decode(content)


class _Walk:
    """Goes through a tree and gathers inline text until a block ends."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._parts: list[str] = []
        self._kind = "paragraph"

    def block(self, element: Element, depth: int, kind: str = "paragraph") -> None:
        """Write a block element and what is in it."""
        if depth > self._output.limits.max_depth:
            raise ParseFailure("too_large")
        self._flush()
        self._kind = kind
        self._say(element.text)
        for child in element:
            self._child(child, depth, kind)
            self._say(child.tail)
        self._flush()

    def _child(self, child: Element, depth: int, kind: str) -> None:
        tag = child.tag if isinstance(child.tag, str) else ""
        if not tag or tag in _SKIPPED:
            return
        if is_hidden(child):
            if "".join(child.itertext()).strip():
                self._output.warn("hidden_text")
            return
        if tag in _LEVELS:
            self._flush()
            self._output.heading(squeeze(visible(child)), _LEVELS[tag])
        elif tag == "table":
            self._flush()
            self._table(child, depth)
            self._kind = kind
        elif tag == "br":
            self._parts.append("\n")
        elif tag == "pre":
            self._flush()
            self._output.block("paragraph", visible(child, preformatted=True).strip("\n"))
        elif tag in ("caption", "figcaption"):
            self.block(child, depth + 1, "caption")
            self._kind = kind
        elif tag in ("li", "dt", "dd"):
            self.block(child, depth + 1, "list_item")
            self._kind = kind
        elif tag in _INLINE and not any(isinstance(c.tag, str) and c.tag not in _INLINE for c in child.iter()):
            self._parts.append(visible(child))
        elif tag in _INLINE:
            self._say(child.text)
            for inner in child:
                self._child(inner, depth + 1, kind)
                self._say(inner.tail)
        else:
            self.block(child, depth + 1, kind if kind == "list_item" else "paragraph")
            self._kind = kind

    def _table(self, table: Element, depth: int) -> None:
        rows = [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]
        wide = max((sum(1 for c in row if c.tag in ("td", "th")) for row in rows), default=0)
        nested = table.find(".//table") is not None
        if nested or wide < 2 or (table.get("role") == "presentation" and len(rows) < 2):
            for row in rows:
                for cell in row:
                    self.block(cell, depth + 1)
            return
        for caption in table.iter("caption"):
            self._output.block("caption", squeeze(visible(caption)))
        number = self._output.new_table()
        above: dict[int, tuple[int, str]] = {}
        for index, row in enumerate(rows):
            if is_hidden(row):
                self._output.warn("hidden_text")
                continue
            texts, above = _cells(row, above)
            self._output.row(texts, number, index, header_row=_names(row, index, len(rows), texts))

    def _say(self, text: str | None) -> None:
        if text:
            self._parts.append(_flowing(text))

    def _flush(self) -> None:
        if self._parts:
            lines = [squeeze(line) for line in "".join(self._parts).split("\n")]
            self._output.block(self._kind, "\n".join(line for line in lines if line))
            self._parts = []


def visible(element: Element, preformatted: bool = False) -> str:
    """The text of an element that a browser shows."""
    return "".join(_visible(element, preformatted))


def _visible(element: Element, preformatted: bool) -> Iterator[str]:
    tag = element.tag
    if not isinstance(tag, str) or tag in _SKIPPED or is_hidden(element):
        return
    flow = _as_is if preformatted else _flowing
    yield flow(element.text or "")
    for child in element:
        if child.tag == "br":
            yield "\n"
        elif isinstance(child.tag, str) and child.tag not in _INLINE:
            yield " "
        yield from _visible(child, preformatted)
        yield flow(child.tail or "")


def _flowing(text: str) -> str:
    """Line breaks of the source are blanks; only those of <br> are breaks."""
    return text.replace("\n", " ")


def _as_is(text: str) -> str:
    return text


def is_hidden(element: Element) -> bool:
    """Whether an element is not shown, as far as its own attributes say."""
    if element.get("hidden") is not None or (element.tag == "input" and element.get("type") == "hidden"):
        return True
    style = element.get("style")
    return bool(style) and _HIDDEN.search(style) is not None


def _cells(row: Element, above: dict[int, tuple[int, str]]) -> tuple[list[str], dict[int, tuple[int, str]]]:
    """A row's texts, with those of cells that span down into it, and what spans on into the next row."""
    texts: list[str] = []
    below: dict[int, tuple[int, str]] = {}
    column = 0
    for cell in [c for c in row if c.tag in ("td", "th")]:
        column = _repeat(above, below, texts, column)
        text = squeeze(visible(cell))
        down, across = _span(cell, "rowspan"), _span(cell, "colspan")
        texts.append(text)
        texts.extend("" for _ in range(across - 1))
        if down > 1:
            below[column] = (down - 1, text)
        column += across
    _repeat(above, below, texts, column)
    return texts, below


def _repeat(above: dict[int, tuple[int, str]], below: dict[int, tuple[int, str]], texts: list[str], column: int) -> int:
    while column in above:
        left, text = above[column]
        texts.append(text)
        if left > 1:
            below[column] = (left - 1, text)
        column += 1
    return column


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), MAX_SPAN) if value.isdigit() else 1


def _names(row: Element, index: int, count: int, texts: list[str]) -> bool:
    cells = [c for c in row if c.tag in ("td", "th")]
    if row.getparent() is not None and row.getparent().tag == "thead":
        return True
    if cells and all(c.tag == "th" for c in cells):
        return True
    bold = bool(cells) and all(c.find(".//b") is not None or c.find(".//strong") is not None for c in cells)
    return index == 0 and count > 1 and (bold or (len(cells) > 2 and names_columns(texts)))
