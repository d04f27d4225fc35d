"""PPTX (ECMA-376 PresentationML): a slide is a page; titles are headings; tables, notes and comments kept."""

from collections.abc import Iterator

from appliance.parser.archive import Element, Package, child, local
from appliance.parser.failure import ParseFailure
from appliance.parser.hygiene import clean, squeeze
from appliance.parser.output import Output

_TITLES = ("title", "ctrTitle")
_UNSAID = ("dt", "sldNum", "ftr", "hdr")


def warm() -> None:
    """lxml is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of a deck. Raises ParseFailure."""
    package = Package(content, output.limits)
    part = package.main_part("ppt/presentation.xml")
    related = package.related(part)
    listed = child(package.xml(part), "sldIdLst")
    slides = [_relation(s, related) for s in (listed if listed is not None else ())]
    slides = [s for s in slides if s in package]
    output.head("slides", len(slides))
    authors = _authors(package)
    for number, path in enumerate(slides, 1):
        output.page(number)
        if number == 1:
            for label, value in package.properties():
                output.block("metadata", f"{label}: {squeeze(value)}")
        _write_slide(package, path, number, authors, output)


def _relation(slide: Element, related: dict[str, tuple[str, str]]) -> str:
    """The part of a listed slide: by its relation's id, which shares a local name with the slide's own."""
    for key, value in slide.attrib.items():
        if str(key).startswith("{") and str(value) in related:
            return related[str(value)][1]
    return ""


def _write_slide(package: Package, path: str, number: int, authors: dict[str, str], output: Output) -> None:
    slide = package.xml(path)
    if slide.get("show") in ("0", "false"):
        output.warn("hidden_slide", number)
    tree = child(slide, "cSld", "spTree")
    if tree is None:
        raise ParseFailure("damaged", number)
    output.leave_sections(1)
    related = package.related(path)
    shapes = list(_shapes(tree, output.limits.max_depth))
    titles = [s for s in shapes if _placeholder(s) in _TITLES]
    for shape in titles:
        text = squeeze(" ".join(_paragraphs(shape)))
        if number == 1 and _placeholder(shape) == "ctrTitle":
            output.heading(text, 0, kind="title")
        else:
            output.heading(text, 1)
    for shape in shapes:
        if shape not in titles:
            _write_shape(package, related, shape, output)
    for kind, target in related.values():
        if target not in package:
            continue
        if kind == "notesSlide":
            for shape in package.xml(target).iter("{*}sp"):
                if _placeholder(shape) == "body":
                    output.block("note", clean("\n".join(_paragraphs(shape))))
        elif kind == "comments":
            _write_comments(package.xml(target), authors, output)


def _shapes(tree: Element, depth: int) -> Iterator[Element]:
    """Shapes and frames in reading order, those in groups included."""
    if depth < 0:
        raise ParseFailure("too_large")
    for element in tree:
        name = local(element)
        if name in ("sp", "graphicFrame", "cxnSp"):
            yield element
        elif name == "grpSp":
            yield from _shapes(element, depth - 1)
        elif name == "AlternateContent":
            chosen = child(element, "Choice") if child(element, "Choice") is not None else child(element, "Fallback")
            if chosen is not None:
                yield from _shapes(chosen, depth - 1)


def _placeholder(shape: Element) -> str | None:
    """The kind of placeholder that a shape fills; "obj" when it is one of no kind, None when it is none."""
    for part in shape:
        if local(part).startswith("nv"):
            found = child(part, "nvPr", "ph")
            return found.get("type", "obj") if found is not None else None
    return None


def _write_shape(package: Package, related: dict[str, tuple[str, str]], shape: Element, output: Output) -> None:
    if local(shape) == "graphicFrame":
        _write_frame(package, related, shape, output)
        return
    role = _placeholder(shape)
    if role in _UNSAID:
        for text in _paragraphs(shape):
            output.block("footer", squeeze(text))
        return
    for text in _paragraphs(shape):
        output.block("list_item" if role in ("body", "obj") else "paragraph", clean(text))


def _write_frame(package: Package, related: dict[str, tuple[str, str]], frame: Element, output: Output) -> None:
    table = next(frame.iter("{*}tbl"), None)
    if table is not None:
        properties = child(table, "tblPr")
        named = properties is not None and properties.get("firstRow") in ("1", "true")
        number = output.new_table()
        above: dict[int, str] = {}
        for index, row in enumerate(r for r in table if local(r) == "tr"):
            texts, above = _cells(row, above)
            output.row(texts, number, index, header_row=named and index == 0)
        return
    for element in frame.iter("{*}chart", "{*}relIds"):
        for name, value in element.attrib.items():
            path = related.get(str(value), ("", ""))[1] if str(name).startswith("{") else ""
            if path in package and "/charts/" in path:
                _write_chart(package.xml(path), output)
            elif path in package and "/data" in path:
                for paragraph in package.xml(path).iter("{*}p"):
                    output.block("list_item", squeeze(_text(paragraph)))


def _cells(row: Element, above: dict[int, str]) -> tuple[list[str], dict[int, str]]:
    """Texts of a row's cells; one merged with the cell above repeats its text."""
    texts: list[str] = []
    now: dict[int, str] = {}
    for column, cell in enumerate(c for c in row if local(c) == "tc"):
        if cell.get("hMerge") in ("1", "true"):
            continue
        text = squeeze(" ".join(_paragraphs(cell)))
        if cell.get("vMerge") in ("1", "true"):
            text = text or above.get(column, "")
        now[column] = text
        texts.append(text)
    return texts, now


def _write_chart(chart: Element, output: Output) -> None:
    """A chart as the table that it draws: a row for each category, a column for each series."""
    title = next(chart.iter("{*}title"), None)
    if title is not None:
        output.block("caption", squeeze(" ".join(_paragraphs(title))))
    series = list(chart.iter("{*}ser"))
    names = [" ".join(_points(s, "tx").values()) for s in series]
    columns = [_points(s, "val") or _points(s, "yVal") for s in series]
    categories: dict[int, str] = {}
    for s in series:
        categories = categories or _points(s, "cat") or _points(s, "xVal")
    if not series or not any(columns):
        return
    number = output.new_table()
    output.row(["", *names], number, 0, header_row=True)
    for row, key in enumerate(sorted({k for c in columns for k in c}), 1):
        output.row([categories.get(key, ""), *(c.get(key, "") for c in columns)], number, row)


def _points(series: Element, name: str) -> dict[int, str]:
    """The cached points of a part of a series, by index."""
    found = child(series, name)
    points: dict[int, str] = {}
    for point in found.iter("{*}pt") if found is not None else ():
        value = child(point, "v")
        index = point.get("idx", "")
        if value is not None and value.text and index.isdigit():
            points[int(index)] = value.text
    return points


def _paragraphs(element: Element) -> list[str]:
    return [text for text in (_text(p) for p in element.iter("{*}p") if local(p) == "p") if text.strip()]


def _text(paragraph: Element) -> str:
    parts: list[str] = []
    for element in paragraph.iter("{*}t", "{*}br", "{*}tab"):
        parts.append(element.text or "" if local(element) == "t" else "\n" if local(element) == "br" else "\t")
    return "".join(parts)


def _authors(package: Package) -> dict[str, str]:
    """Names of the authors of comments, by id."""
    found: dict[str, str] = {}
    for part in (*package.parts("ppt/commentAuthors"), *package.parts("ppt/authors")):
        if part.endswith(".xml"):
            for author in package.xml(part):
                found[author.get("id", "")] = author.get("name", "")
    return found


def _write_comments(comments: Element, authors: dict[str, str], output: Output) -> None:
    for comment in comments.iter("{*}cm", "{*}reply"):
        text = child(comment, "text")
        body = child(comment, "txBody")
        said = (text.text or "") if text is not None else " ".join(_paragraphs(body)) if body is not None else ""
        name = authors.get(comment.get("authorId", ""), "")
        if said.strip():
            output.block("comment", squeeze(f"{name}: {said}" if name else said))
