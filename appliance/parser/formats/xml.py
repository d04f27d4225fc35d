"""XML as text: what the elements say, one line each, led by the element's name; attributes too.

Entities are never expanded and no DTD is read (`archive.parse_xml`). Titles of elements that are called so
head what follows, as in clinical documents (CDA).
"""

from appliance.parser.archive import Element, local, parse_xml
from appliance.parser.failure import ParseFailure
from appliance.parser.hygiene import squeeze
from appliance.parser.output import Output

_PLAIN_ATTRIBUTES = ("id", "href", "type", "class", "style", "schemaLocation", "lang", "space", "root", "nullFlavor")
_TITLES = ("title", "heading", "caption")
_INLINE = frozenset(("b", "i", "u", "em", "strong", "span", "a", "br", "sub", "sup", "content", "emphasis", "linkHtml"))


def warm() -> None:
    """lxml is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the texts of an XML document. Raises ParseFailure."""
    root = parse_xml(content)
    output.head("xml", 1)
    output.page(1)
    _write(root, output, 0)


def _write(element: Element, output: Output, depth: int) -> None:
    if depth > output.limits.max_depth:
        raise ParseFailure("too_large")
    name = local(element)
    for key, value in element.attrib.items():
        label = str(key).rpartition("}")[2]
        if label not in _PLAIN_ATTRIBUTES and value.strip():
            output.block("paragraph", f"{name} {label}: {squeeze(value)}")
    children = [child for child in element if isinstance(child.tag, str)]
    if name == "tr":
        return
    if name == "table" and element.find(".//{*}tr") is not None:
        _write_table(element, output)
        return
    if not children or all(local(child) in _INLINE for child in children):
        said = squeeze("".join(element.itertext()))
        if name in _TITLES and len(said) < 200:
            output.heading(said, min(depth, 9))
        else:
            output.block("paragraph", f"{name}: {said}" if said else "")
        return
    output.block("paragraph", squeeze(element.text or ""))
    for child in children:
        _write(child, output, depth + 1)
        output.block("paragraph", squeeze(child.tail or ""))
    if depth < 3:
        output.leave_sections(depth + 1)


def _write_table(table: Element, output: Output) -> None:
    number = output.new_table()
    for index, row in enumerate(table.iter("{*}tr")):
        cells = [squeeze("".join(cell.itertext())) for cell in row if local(cell) in ("td", "th")]
        named = bool(len(row)) and all(local(cell) == "th" for cell in row)
        output.row(cells, number, index, header_row=named)
