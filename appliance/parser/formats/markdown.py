"""Markdown (CommonMark with tables): turned to blocks by its own structure; raw HTML in it is read as HTML."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from appliance.parser.formats.html import write_html
from appliance.parser.hygiene import clean, decode, squeeze
from appliance.parser.output import Output

_FRONT = re.compile(r"\A---\n(.{0,8000}?)\n---\n", re.DOTALL)


def warm() -> None:
    """Load the parser's rules."""
    MarkdownIt("commonmark").enable("table")


def read(content: bytes, output: Output) -> None:
    """Write the frames of a Markdown text."""
    output.head("markdown", 1)
    output.page(1)
    text = clean(decode(content))
    front = _FRONT.match(text)
    if front:
        for line in front.group(1).split("\n"):
            output.block("metadata", squeeze(line))
        text = text[front.end() :]
    _write(MarkdownIt("commonmark").enable("table").parse(text), output)


def _write(tokens: list[Token], output: Output) -> None:
    lists = table = row = 0
    heading: int | None = None
    cells: list[str] = []
    fresh = header = in_cell = False
    for token in tokens:
        kind = token.type
        if kind == "heading_open":
            heading = int(token.tag[1:])
        elif kind in ("bullet_list_open", "ordered_list_open"):
            lists += 1
        elif kind in ("bullet_list_close", "ordered_list_close"):
            lists -= 1
        elif kind == "list_item_open":
            fresh = True
        elif kind == "table_open":
            table, row = output.new_table(), 0
        elif kind == "tr_open":
            cells = []
        elif kind in ("thead_open", "thead_close"):
            header = kind == "thead_open"
        elif kind == "tr_close":
            output.row(cells, table, row, header_row=header)
            row += 1
        elif kind in ("th_open", "td_open"):
            cells.append("")
            in_cell = True
        elif kind in ("th_close", "td_close"):
            in_cell = False
        elif kind == "inline":
            text = _inline(token)
            if in_cell:
                cells[-1] = text
            elif heading is not None:
                output.heading(squeeze(text), heading)
                heading = None
            else:
                output.block("list_item" if lists and fresh else "paragraph", text)
                fresh = False
        elif kind in ("fence", "code_block"):
            output.block("paragraph", token.content.strip("\n"))
        elif kind == "html_block" and token.content.strip() and not token.content.lstrip().startswith("<!--"):
            write_html(token.content, output)


def _inline(token: Token) -> str:
    parts: list[str] = []
    for part in token.children or []:
        if part.type in ("text", "code_inline"):
            parts.append(part.content)
        elif part.type in ("softbreak", "hardbreak"):
            parts.append("\n" if part.type == "hardbreak" else " ")
        elif part.type == "image":
            parts.append(part.content)
    return "".join(parts)
