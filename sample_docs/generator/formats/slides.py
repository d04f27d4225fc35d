"""PPTX: a slide for each first-level heading with bullets, tables and the speaker's notes."""

import io

from pptx import Presentation
from pptx.slide import Slide
from pptx.util import Cm, Pt

from generator.formats.written import WRITTEN_AT, Written, stable_zip
from generator.markup import Block, Source, Text
from generator.people import Mention


def write(source: Source) -> Written:
    """A deck; page n is the n-th slide."""
    deck = Presentation()
    author = source.head.get("author", Text(()))
    properties = deck.core_properties
    properties.author = properties.last_modified_by = str(author)
    properties.title, properties.created, properties.modified = str(source.head["title"]), WRITTEN_AT, WRITTEN_AT
    mentions: list[tuple[int, Mention]] = [(0, m) for m in author.mentions()]
    for number, (title, blocks) in enumerate(source.sections(), start=1):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = str(title)
        _fill(slide, blocks)
        texts = [title, *(text for block in blocks for text in block.texts())]
        mentions += [(number, m) for text in texts for m in text.mentions()]
    out = io.BytesIO()
    deck.save(out)
    return Written(stable_zip(out.getvalue()), tuple(mentions))


def _fill(slide: Slide, blocks: list[Block]) -> None:
    lines = [str(b.text) for b in blocks if b.kind in ("bullet", "paragraph")]
    frame = slide.placeholders[1].text_frame
    frame.text = "\n".join(lines)
    for paragraph in frame.paragraphs:
        paragraph.font.size = Pt(18)
    top = Cm(4.4 + 1.5 * len(lines))
    for block in blocks:
        if block.kind == "table":
            rows, columns = len(block.rows), len(block.rows[0])
            table = slide.shapes.add_table(rows, columns, Cm(1.3), top, Cm(22.8), Cm(0.9 * rows)).table
            for i, row in enumerate(block.rows):
                for j, text in enumerate(row):
                    table.cell(i, j).text = str(text)
    notes = [str(b.text) for b in blocks if b.kind == "note"]
    if notes and (note_frame := slide.notes_slide.notes_text_frame) is not None:
        note_frame.text = "\n".join(notes)
