"""One page's words as blocks: running lines, ruled tables, then the rest in reading order."""

from appliance.parser.formats.pdf_layout import Grid, arrange
from appliance.parser.formats.pdf_lines import Line, lines_of, paragraphs_of, pieces_of, text_of
from appliance.parser.formats.pdf_style import MARGIN, Style, running_key
from appliance.parser.formats.pdf_tables import Rules
from appliance.parser.formats.pdf_words import PdfWord, View
from appliance.parser.formats.text import LIST_ITEM
from appliance.parser.output import CELL_JOINT, Output, WordSpan


def write_page(words: list[PdfWord], rules: Rules, view: View, style: Style, number: int, output: Output) -> None:
    """Write the blocks of one page."""
    upright = [w for w in words if w.upright]
    for region in arrange(pieces_of(upright)):
        if isinstance(region, Grid):
            write_grid(region, output)
        else:
            for paragraph in paragraphs_of(region.lines):
                text, spans = text_of(w for line in paragraph for w in line.words)
                if style.is_large(paragraph[0].size):
                    output.heading(text, style.level(paragraph[0].size), words=spans)
                else:
                    output.block("list_item" if LIST_ITEM.match(text) else "paragraph", text, words=spans)


def write_grid(grid: Grid, output: Output) -> None:
    """Write a table row by row."""
    table = output.new_table()
    for index, row in enumerate(grid.rows):
        output.count_row()
        text, spans, cells = row_text([[w for p in cell for w in p.words] for cell in row])
        output.block(
            "table_row", text, words=spans, table=table, row=index, header_row=index < grid.header_rows, cells=cells
        )


def row_text(cells: list[list[PdfWord]]) -> tuple[str, list[WordSpan], list[tuple[int, int]]]:
    """Cells of words as the row's text, its words' spans and its cells' spans."""
    parts: list[str] = []
    spans: list[WordSpan] = []
    bounds: list[tuple[int, int]] = []
    at = 0
    for words in cells:
        text, own = text_of(words)
        parts.append(text)
        spans.extend((s + at, e + at, *rest) for s, e, *rest in own)  # type: ignore[misc]
        bounds.append((at, at + len(text)))
        at += len(text) + len(CELL_JOINT)
    return CELL_JOINT.join(parts), spans, bounds
