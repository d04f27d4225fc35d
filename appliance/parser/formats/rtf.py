"""Rich Text Format 1.9.1: paragraphs, headings by outline level, lists, tables, notes, comments, headers.

One pass over the tokens; a stack holds what each group changes. What is deleted or hidden is kept as a note:
it is in the file, so whoever redacts must see it. Objects, pictures and unknown destinations are skipped.
"""

import codecs
import re
from dataclasses import dataclass, replace

from appliance.parser.failure import ParseFailure
from appliance.parser.formats.csv import names_columns
from appliance.parser.hygiene import clean, squeeze
from appliance.parser.output import Output

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_SKIPPED = frozenset(
    (
        *("fonttbl", "colortbl", "stylesheet", "pict", "object", "objdata", "themedata", "colorschememapping"),
        *("datastore", "latentstyles", "listtable", "listoverridetable", "rsidtbl", "generator", "fldinst"),
        *("filetbl", "revtbl", "xmlnstbl", "listtext", "pntext", "bkmkstart", "bkmkend", "datafield"),
        *("nonshppict", "private", "template", "fontemb", "atnid", "atndate", "atntime", "atnref", "atrfstart"),
        *("atrfend", "mmathPr", "pgptbl", "xe", "tc", "operator"),
    )
)
_ASIDES = {
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "footer"),
    **dict.fromkeys(("footnote", "ftnsep"), "note"),
    "annotation": "comment",
    "atnauthor": "author",
    **dict.fromkeys(("title", "author", "subject", "keywords", "doccomm", "company", "manager"), "metadata"),
}
_LETTERS = {
    "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018", "rquote": "\u2019",
    "ldblquote": "\u201c", "rdblquote": "\u201d", "emspace": " ", "enspace": " ", "qmspace": " ",
    "tab": "\t", "line": "\n", "softline": "\n", "zwj": "\u200d", "zwnj": "\u200c",
}  # fmt: skip
_CHARSETS = {
    0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
MAX_GROUPS = 10_000


def warm() -> None:
    """Code pages are looked up by the parser's own start."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of an RTF file. Raises ParseFailure."""
    if not content.lstrip().startswith(b"{\\rtf"):
        raise ParseFailure("damaged")
    output.head("rtf")
    output.page(1)
    write_rtf(content, output)


def write_rtf(content: bytes, output: Output, *, turns: bool = True) -> None:
    """Write RTF into the page that was begun; its page breaks begin further pages if `turns`."""
    _Reader(content, output, turns).run()


@dataclass(frozen=True, slots=True)
class _State:
    """What a group may change and its end restores."""

    into: str = "body"
    """body, an aside's kind, "skip", "fonts" or "styles"."""
    encoding: str = "cp1252"
    fallback: int = 1
    """Bytes that stand after a \\u for readers that do not know it."""
    hidden: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """What \\pard resets."""

    level: int | None = None
    listed: bool = False
    in_table: bool = False
    style: int = 0


class _Reader:
    """Walks the tokens of one file."""

    def __init__(self, content: bytes, output: Output, turns: bool) -> None:
        self._turns = turns
        self._content = content
        self._output = output
        self._state = _State()
        self._stack: list[tuple[_State, str]] = []
        self._paragraph = _Paragraph()
        self._default = "cp1252"
        self._fonts: dict[int, str] = {}
        self._levels: dict[int, int] = {}
        self._font = 0
        self._texts: dict[str, list[str]] = {"body": [], "cell": []}
        self._bytes = bytearray()
        self._cells: list[str] = []
        self._table: int | None = None
        self._row = 0
        self._named = False
        self._skip = 0
        self._style = 0
        self._style_name: list[str] = []
        self._star = False
        self._author = ""
        self._page = 1

    def run(self) -> None:
        """Read to the end."""
        content, at = self._content, 0
        while at < len(content):
            match = _TOKEN.match(content, at)
            if match is None:
                at += 1
                continue
            at = match.end()
            word, number, code, symbol, brace, plain = match.groups()
            if brace is not None:
                self._group(brace)
            elif word is not None:
                if word == b"bin":
                    at += max(0, int(number or 0))
                else:
                    self._word(word.decode("ascii"), int(number) if number else None)
            elif code is not None:
                self._byte(bytes((int(code, 16),)))
            elif symbol is not None:
                self._symbol(symbol)
            elif plain is not None:
                self._star = False
                self._byte(plain)
        self._flush_bytes()
        self._end_paragraph()
        self._end_table()

    def _group(self, brace: bytes) -> None:
        self._flush_bytes()
        self._skip = 0
        if brace == b"{":
            if len(self._stack) >= MAX_GROUPS:
                raise ParseFailure("too_large")
            self._stack.append((self._state, self._state.into))
            return
        if not self._stack:
            return
        left = self._state.into
        self._state, _ = self._stack.pop()
        if left != self._state.into:
            self._close(left)

    def _close(self, into: str) -> None:
        """An aside has ended: write it."""
        if into == "styles_entry":
            name = "".join(self._style_name).strip("; ").lower()
            found = re.fullmatch(r"heading (\d)", name)
            if found or name == "title":
                self._levels[self._style] = int(found.group(1)) if found else 0
            self._style_name = []
            return
        kind, _, label = into.partition(":")
        said = squeeze("".join(self._texts.pop(into, [])))
        if not said or kind in ("skip", "fonts", "styles"):
            return
        if kind == "author":
            self._author = said
        elif kind == "comment":
            self._output.block("comment", f"{self._author}: {said}" if self._author else said)
            self._author = ""
        else:
            self._output.block(kind, f"{label}: {said}" if label else said)

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._flush_bytes()
            self._text(_character(number))
            self._skip = self._state.fallback
            return
        self._flush_bytes()
        star, self._star = self._star, False
        state = self._state
        if word == "fonttbl":
            self._state = replace(state, into="fonts")
        elif word == "stylesheet":
            self._state = replace(state, into="styles")
        elif word in ("shptxt", "shpinst", "shppict", "upr", "ud", "fldrslt", "field", "info", "shp"):
            return
        elif word in _SKIPPED:
            self._state = replace(state, into="skip")
        elif word in _ASIDES and state.into not in ("skip", "fonts", "styles", "styles_entry"):
            kind = _ASIDES[word]
            self._state = replace(state, into=f"metadata:{word.capitalize()}" if kind == "metadata" else kind)
        elif state.into == "fonts":
            self._font_word(word, number)
        elif state.into.startswith("styles"):
            if word == "s" and number is not None:
                self._style = number
                self._state = replace(state, into="styles_entry")
        elif star and word not in _FORMATTING:
            self._state = replace(state, into="skip")
        else:
            self._format(word, number)

    def _font_word(self, word: str, number: int | None) -> None:
        if word == "f" and number is not None:
            self._font = number
        elif word == "fcharset" and number is not None:
            self._fonts[self._font] = _CHARSETS.get(number, self._default)

    def _format(self, word: str, number: int | None) -> None:
        state, paragraph = self._state, self._paragraph
        if word in ("ansicpg", "mac", "pc", "pca"):
            self._default = _page_of(word, number)
            self._state = replace(state, encoding=self._default)
        elif word == "uc" and number is not None:
            self._state = replace(state, fallback=max(0, min(number, 10)))
        elif word == "f" and number is not None:
            self._state = replace(state, encoding=self._fonts.get(number, self._default))
        elif word == "plain":
            self._state = replace(state, hidden=False, deleted=False, encoding=self._default)
        elif word == "v":
            self._state = replace(state, hidden=number != 0)
        elif word == "deleted":
            self._state = replace(state, deleted=number != 0)
        elif word in _LETTERS:
            self._text(_LETTERS[word])
        elif word == "pard":
            self._paragraph = _Paragraph()
        elif word == "s" and number is not None:
            self._paragraph = replace(paragraph, style=number)
        elif word == "outlinelevel" and number is not None:
            self._paragraph = replace(paragraph, level=number + 1 if 0 <= number < 9 else None)
        elif word in ("ls", "pnlvlblt", "pnlvlbody"):
            self._paragraph = replace(paragraph, listed=True)
        elif word in ("intbl", "itap"):
            self._paragraph = replace(paragraph, in_table=number != 0)
        elif word in ("par", "sect"):
            self._end_paragraph()
        elif word in ("cell", "nestcell"):
            self._cells.append(squeeze("".join(self._texts["body"])))
            self._texts["body"] = []
        elif word == "trhdr":
            self._named = True
        elif word in ("row", "nestrow"):
            self._end_row()
        elif word == "page":
            self._end_paragraph()
            if self._turns:
                self._page += 1
                self._output.page(self._page)

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._star = True
        elif symbol in b"\r\n":
            self._end_paragraph()
        elif symbol == b"~":
            self._text("\u00a0")
        elif symbol == b"_":
            self._text("-")
        elif symbol in b"\\{}":
            self._byte(symbol)

    def _byte(self, raw: bytes) -> None:
        if self._skip:
            taken = min(self._skip, len(raw))
            self._skip -= taken
            raw = raw[taken:]
        self._bytes += raw

    def _flush_bytes(self) -> None:
        if self._bytes:
            raw, self._bytes = bytes(self._bytes), bytearray()
            self._text(raw.decode(self._state.encoding, "replace"))

    def _text(self, text: str) -> None:
        into = self._state.into
        if into in ("skip", "fonts", "styles"):
            return
        if into == "styles_entry":
            self._style_name.append(text)
        elif into == "body" and (self._state.hidden or self._state.deleted):
            self._texts.setdefault("gone", []).append(text)
            self._output.warn("tracked_deletion" if self._state.deleted else "hidden_text", self._page)
        else:
            self._texts.setdefault(into, []).append(text)

    def _end_paragraph(self) -> None:
        if self._state.into != "body":
            self._texts.setdefault(self._state.into, []).append("\n")
            return
        if self._paragraph.in_table:
            self._texts["body"].append("\n")
            return
        self._end_table()
        text = clean(_pairs("".join(self._texts["body"]))).strip()
        self._texts["body"] = []
        paragraph = self._paragraph
        level = paragraph.level if paragraph.level is not None else self._levels.get(paragraph.style)
        if text and level is not None:
            self._output.heading(squeeze(text), level, kind="heading" if level else "title")
        elif text:
            self._output.block("list_item" if paragraph.listed else "paragraph", text)
        gone = squeeze("".join(self._texts.pop("gone", [])))
        if gone:
            self._output.block("note", gone)

    def _end_row(self) -> None:
        if not any(self._cells):
            self._cells = []
            return
        if self._table is None:
            self._table, self._row = self._output.new_table(), 0
        self._output.row([_pairs(cell) for cell in self._cells], self._table, self._row, header_row=self._is_header())
        self._row += 1
        self._cells, self._named = [], False

    def _is_header(self) -> bool:
        return self._named or (self._row == 0 and len(self._cells) > 1 and names_columns(self._cells))

    def _end_table(self) -> None:
        self._end_row()
        self._table = None


_FORMATTING = ("cs", "nestrow", "nesttableprops", "pn")


def _page_of(word: str, number: int | None) -> str:
    name = {"mac": "mac-roman", "pc": "cp437", "pca": "cp850"}.get(word) or f"cp{number}"
    try:
        return codecs.lookup("utf-8" if number == 65001 else name).name
    except LookupError:
        return "cp1252"


def _character(number: int) -> str:
    """A \\u value, which is a signed 16-bit one; halves of a pair are put together by `_pairs`."""
    return chr(number & 0xFFFF) if number < 0 or number < 0x110000 else "\ufffd"


def _pairs(text: str) -> str:
    """Surrogate halves that stand side by side as the characters they make."""
    if not any("\ud800" <= ch <= "\udfff" for ch in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
