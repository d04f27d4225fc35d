"""XLSX: one worksheet for each first-level heading, numbers as numbers."""

import io
import re

from openpyxl import Workbook
from openpyxl.styles import Font

from generator.formats.written import WRITTEN_AT, Written, stable_zip
from generator.markup import Source, Text
from generator.people import Mention

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,8})(\.\d+)?")


def write(source: Source) -> Written:
    """A workbook; page n is the n-th sheet."""
    book = Workbook()
    book.remove(book.active)
    author = source.head.get("author", Text(()))
    book.properties.creator, book.properties.title = str(author), str(source.head["title"])
    book.properties.created = WRITTEN_AT.replace(tzinfo=None)
    mentions: list[tuple[int, Mention]] = [(0, m) for m in author.mentions()]
    for number, (name, blocks) in enumerate(source.sections(), start=1):
        sheet = book.create_sheet(str(name))
        for block in blocks:
            rows = block.rows if block.kind == "table" else ((block.text,),)
            for i, row in enumerate(rows):
                sheet.append([_value(text) for text in row])
                if block.kind == "table" and i == 0:
                    for cell in sheet[sheet.max_row]:
                        cell.font = Font(bold=True)
            mentions += [(number, m) for text in block.texts() for m in text.mentions()]
        for column in sheet.columns:
            widest = max(len(str(cell.value or "")) for cell in column[1:] or column)
            sheet.column_dimensions[column[0].column_letter].width = min(widest + 2, 48)
    out = io.BytesIO()
    book.save(out)
    return Written(stable_zip(out.getvalue()), tuple(mentions))


def _value(text: Text) -> str | int | float:
    plain = str(text)
    if text.mentions() or not _NUMBER.fullmatch(plain):
        return plain
    return float(plain) if "." in plain else int(plain)
