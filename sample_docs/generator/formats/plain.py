"""Formats that are text: CSV, Markdown, HTML and mail."""

import csv
import io
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from generator.formats.written import Written
from generator.markup import Block, Source, Text
from generator.people import Mention

_HEADERS = ("From", "To", "Cc", "Date", "Subject", "Message-ID", "In-Reply-To", "Received", "X-Originating-IP")


def write_csv(source: Source) -> Written:
    """The one table of the source as RFC 4180."""
    (table,) = (b for b in source.blocks if b.kind == "table")
    out = io.StringIO(newline="")
    csv.writer(out).writerows([str(text) for text in row] for row in table.rows)
    return Written(out.getvalue().encode(), _all(source))


def write_markdown(source: Source) -> Written:
    """CommonMark with pipe tables."""
    return Written(("\n".join(_lines(source, "|---" * 99)) + "\n").encode(), _all(source))


def write_html(source: Source) -> Written:
    """An intranet page with navigation and a footer around its article."""
    title = escape(str(source.head["title"]))
    body = "\n".join(_html(b) for b in source.blocks)
    site = source.head["site"]
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        "<style>body{font-family:sans-serif;margin:2em}td,th{border:1px solid #999;padding:4px}</style>\n"
        f"</head>\n<body>\n<nav><a href='/'>Home</a> <a href='/az'>A to Z</a> <a href='/help'>Help</a></nav>\n"
        f"<article>\n{body}\n</article>\n<footer>{escape(str(site))}</footer>\n</body>\n</html>\n"
    )
    return Written(page.encode(), _all(source) + tuple((1, m) for m in site.mentions()))


def write_mail(source: Source) -> Written:
    """A message with its routing headers; `html: yes` in the head adds the same text as HTML."""
    message = EmailMessage(policy=SMTP)
    mentions: list[tuple[int, Mention]] = []
    for name in _HEADERS:
        if (value := source.head.get(name.lower())) is not None:
            message[name] = str(value)
            mentions += [(1, m) for m in value.mentions()]
    message.set_content("\n\n".join(_mail(b) for b in source.blocks) + "\n", cte="quoted-printable")
    if "html" in source.head:
        html = "<html><body>" + "\n".join(_html(b) for b in source.blocks) + "</body></html>\n"
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary("=_part_000_sample")
    return Written(message.as_bytes(), tuple(mentions) + _all(source))


def _all(source: Source) -> tuple[tuple[int, Mention], ...]:
    return tuple((1, m) for block in source.blocks for text in block.texts() for m in text.mentions())


def _lines(source: Source, rule: str) -> list[str]:
    lines: list[str] = []
    previous = ""
    for block in source.blocks:
        if lines and not (block.kind == previous and block.kind in ("bullet", "numbered")):
            lines.append("")
        if block.kind == "table":
            rows = [f"| {' | '.join(str(t) for t in row)} |" for row in block.rows]
            lines += [rows[0], rule[: 4 * len(block.rows[0])] + "|", *rows[1:]]
        else:
            lines.append(_prefix(block) + str(block.text))
        previous = block.kind
    return lines


def _prefix(block: Block) -> str:
    marks = {"heading": "#" * block.level, "bullet": "-", "numbered": f"{block.level}.", "note": ">"}
    return f"{marks[block.kind]} " if block.kind in marks else ""


def _html(block: Block) -> str:
    text = escape(str(block.text))
    if block.kind == "table":
        def row(cells: tuple[Text, ...], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(str(c))}</{tag}>" for c in cells) + "</tr>"

        return "<table>\n" + "\n".join(row(r, "td" if i else "th") for i, r in enumerate(block.rows)) + "\n</table>"
    tags: dict[str, Callable[[], str]] = {
        "heading": lambda: f"<h{block.level}>{text}</h{block.level}>",
        "bullet": lambda: f"<ul><li>{text}</li></ul>",
        "numbered": lambda: f"<p>{block.level}. {text}</p>",
    }
    return tags.get(block.kind, lambda: f"<p>{text}</p>")()


def _mail(block: Block) -> str:
    if block.kind == "table":
        return "\n".join("  ".join(str(t) for t in row) for row in block.rows)
    return ("" if block.kind == "heading" else _prefix(block)) + str(block.text)
