"""DOCX: styled headings, lists and tables, a header, and the author in the core properties."""

import io

from docx import Document
from docx.document import Document as Docx

from generator.formats.written import WRITTEN_AT, Written, stable_zip
from generator.markup import Block, Source, Text
from generator.people import Mention

_STYLES = frozenset({"Normal", "Normal Table", "Table Grid", "List Bullet", "List Paragraph", "Header", "Default Paragraph Font"})


def write(source: Source) -> Written:
    """A Word document; all its text is on page 1, as the format has no pages of its own."""
    document = _blank()
    author, header = (source.head.get(k, Text(())) for k in ("author", "header"))
    properties = document.core_properties
    properties.author = properties.last_modified_by = str(author)
    properties.title, properties.comments = str(source.head["title"]), ""
    properties.created = properties.modified = WRITTEN_AT
    mentions: list[tuple[int, Mention]] = [(0, m) for m in author.mentions()]
    if str(header):
        document.sections[0].header.paragraphs[0].text = str(header)
        mentions += [(1, m) for m in header.mentions()]
    for block in source.blocks:
        _add(document, block)
        mentions += [(1, m) for text in block.texts() for m in text.mentions()]
    out = io.BytesIO()
    document.save(out)
    return Written(stable_zip(out.getvalue()), tuple(mentions))


def _blank() -> Docx:
    """The template of python-docx without the hundred styles that no document here uses (they are 800 kB)."""
    document = Document()
    (effects,) = (key for key, rel in document.part.rels.items() if rel.reltype.endswith("/stylesWithEffects"))
    document.part.rels.pop(effects)
    for style in list(document.styles):
        if style.name not in _STYLES and not style.name.startswith("Heading"):
            style.delete()
    return document


def _add(document: Docx, block: Block) -> None:
    text = str(block.text)
    if block.kind == "heading":
        document.add_heading(text, level=block.level)
    elif block.kind == "bullet":
        document.add_paragraph(text, style="List Bullet")
    elif block.kind == "numbered":
        document.add_paragraph(f"{block.level}. {text}", style="List Paragraph")
    elif block.kind == "table":
        table = document.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
        for i, row in enumerate(block.rows):
            for cell, value in zip(table.add_row().cells, row, strict=True):
                cell.paragraphs[0].add_run(str(value)).bold = i == 0
        document.add_paragraph()
    else:
        document.add_paragraph(text)
