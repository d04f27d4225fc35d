"""Frames from the sandboxed parser, checked, become a Document: nothing of them is believed before that.

A parser that a hostile file has taken over can write any bytes. So every record is checked for shape, every
number for range, every offset against its text, every page and section against what came before; the totals
are bounded. Anything else is a parser that "stopped without an answer", and the file is refused.

Lengths of frames are `wire`'s to check; time and process are `sandbox`'s.
"""

import json
import math
import re
from array import array
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NoReturn, cast, get_args

from appliance.documents.document import (
    Attached,
    Block,
    BlockKind,
    Document,
    DocumentKind,
    Known,
    Page,
    PageImage,
    Spans,
    Words,
)
from appliance.errors import Unreadable
from appliance.parser import wire

MAX_RECORD_BYTES = 64 * 1024 * 1024
MAX_PAGES = 100_000
MAX_BLOCKS = 4_000_000
MAX_WORDS = 20_000_000
MAX_CHARACTERS = 400_000_000
MAX_WARNINGS = 1000
MAX_ATTACHMENTS = 1000
MAX_KNOWN = 1000
MAX_NAME = 500
MAX_POINTS = 1_000_000.0
MAX_SCALE = 100.0
ENTITY_TYPE = re.compile(r"[A-Z][A-Z_]{1,30}")
WARNING = re.compile(r"[a-z][a-z0-9_]{0,60}(:[0-9]{1,7})?")
DOCUMENT_KINDS = get_args(DocumentKind)
BLOCK_KINDS = get_args(BlockKind)


OnPage = Callable[[int, bool], None]


class UnreadableDocument(Unreadable):
    """A document that the parser refused, or that stopped the parser: a reason code of `wire.REASONS`, a page or 0."""

    def __init__(self, reason: str, page: int = 0) -> None:
        message, advice = wire.REASONS[reason]
        super().__init__(f"{message} (page {page})" if page else message, advice)
        self.reason = reason
        self.page = page


class Distrusted(Exception):
    """A frame that an honest parser does not write."""


def read_document(stream: BinaryIO, kind: str, on_page: OnPage = lambda number, unread: None) -> Document:
    """The document of a `parse`. `kind` is the one asked for; `on_page` is told of each page as it begins, and
    whether its text was left unread.

    Raises UnreadableDocument for the parser's own refusal, Distrusted for anything that is not a whole and
    consistent sequence of frames.
    """
    frames = _records(stream)
    _head(frames, kind)
    pages: list[Page] = []
    blocks: list[Block] = []
    attachments: list[Attached] = []
    known: list[Known] = []
    words = characters = 0
    for frame, record in frames:
        if frame == wire.PAGE:
            pages.append(_page(record, pages))
            on_page(pages[-1].number, _truth(record.get("unread", False)))
        elif frame == wire.BLOCK:
            block = _block(record, pages, blocks)
            words += len(block.words)
            characters += len(block.text)
            if len(blocks) >= MAX_BLOCKS or words > MAX_WORDS or characters > MAX_CHARACTERS:
                _distrust()
            blocks.append(block)
        elif frame == wire.ATTACHED and len(attachments) < MAX_ATTACHMENTS:
            attachments.append(_attached(record))
        elif frame == wire.KNOWN and len(known) < MAX_KNOWN:
            known.append(_known(record))
        elif frame == wire.END:
            if record.get("pages") != len(pages) or record.get("blocks") != len(blocks):
                _distrust()
            parts = (tuple(pages), tuple(blocks), _warnings(record), tuple(attachments), tuple(known))
            return Document(cast(DocumentKind, kind), *parts)
        else:
            _distrust()
    raise Distrusted


def read_kind(stream: BinaryIO) -> DocumentKind:
    """The kind that a `detect` found. Raises as `read_document`."""
    frames = _records(stream)
    return _head(frames, "")


def read_attachments(stream: BinaryIO, kind: str) -> Iterator[tuple[str, bytes, UnreadableDocument | None]]:
    """Name and content of each attachment of an `extract`, or why there is none, one by one. Raises as above."""
    frames = _records(stream)
    _head(frames, kind)
    for count, (frame, record) in enumerate(frames, 1):
        if frame == wire.END:
            return
        if frame != wire.ATTACHED or count > MAX_ATTACHMENTS:
            _distrust()
        attached = _attached(record)
        kind_of_next, untrusted_content = _frame(stream)
        if kind_of_next != wire.CONTENT or len(untrusted_content) != attached.bytes:
            _distrust()
        reason = record.get("reason")
        if reason is not None and (not isinstance(reason, str) or reason not in wire.REASONS):
            _distrust()
        yield attached.name, untrusted_content, UnreadableDocument(reason) if reason is not None else None
    raise Distrusted


def read_images(stream: BinaryIO, kind: str, wanted: frozenset[int]) -> Iterator[PageImage]:
    """The drawn pages of a `render`, one by one; only pages of `wanted` are accepted (empty: any). Raises as above."""
    frames = _records(stream)
    _head(frames, kind)
    seen: set[int] = set()
    for frame, record in frames:
        if frame == wire.END:
            return
        number = _whole(record.get("number"), 1, MAX_PAGES)
        if frame != wire.PAGE or number in seen or (wanted and number not in wanted):
            _distrust()
        seen.add(number)
        width, height = (_whole(record.get(name), 1, 100_000) for name in ("width", "height"))
        scale = _finite(record.get("scale"), 0.01, MAX_SCALE)
        untrusted_pixels = _frame(stream)
        if untrusted_pixels[0] != wire.PIXELS or len(untrusted_pixels[1]) != width * height * 3:
            _distrust()
        yield PageImage(number, width, height, scale, untrusted_pixels[1])
    raise Distrusted


def _frame(stream: BinaryIO) -> tuple[bytes, bytes]:
    try:
        frame = wire.read_frame(stream)
    except ValueError as error:
        raise Distrusted from error
    if frame is None:
        raise Distrusted
    return frame


def _records(stream: BinaryIO) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """JSON frames until the stream ends. The parser's refusal is raised; a pixel frame here is a lie."""
    while True:
        kind, body = _frame(stream)
        if kind in (wire.PIXELS, wire.CONTENT) or len(body) > MAX_RECORD_BYTES:
            _distrust()
        try:
            record = json.loads(body, parse_constant=_distrust)
        except (ValueError, RecursionError) as error:
            raise Distrusted from error
        if not isinstance(record, dict):
            _distrust()
        if kind == wire.ERROR:
            reason = record.get("reason")
            if not isinstance(reason, str) or reason not in wire.REASONS:
                _distrust()
            raise UnreadableDocument(reason, _whole(record.get("page", 0), 0, MAX_PAGES))
        yield kind, record


def _head(frames: Iterator[tuple[bytes, dict[str, Any]]], kind: str) -> DocumentKind:
    frame, record = next(frames)
    found = record.get("kind")
    if frame != wire.HEAD or found not in DOCUMENT_KINDS or (kind and found != kind):
        _distrust()
    return cast(DocumentKind, found)


def _page(record: dict[str, Any], pages: list[Page]) -> Page:
    number = _whole(record.get("number"), pages[-1].number + 1 if pages else 1, MAX_PAGES)
    width, height = (_finite(record.get(name), 0, MAX_POINTS) for name in ("width", "height"))
    return Page(number, width, height, _truth(record.get("ocr", False)))


def _block(record: dict[str, Any], pages: list[Page], blocks: list[Block]) -> Block:
    text, kind = record.get("text"), record.get("kind")
    if not isinstance(text, str) or kind not in BLOCK_KINDS or not pages or record.get("page") != pages[-1].number:
        _distrust()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:  # half a character
        raise Distrusted from error
    section = tuple(_whole(index, 0, len(blocks) - 1) for index in _list(record.get("section", [])))
    if list(section) != sorted(set(section)) or len(section) > 100:
        _distrust()
    table, row = record.get("table"), record.get("row")
    return Block(
        page=pages[-1].number,
        kind=cast(BlockKind, kind),
        text=text,
        section=section,
        words=_words(_list(record.get("words", [])), len(text)),
        table=None if table is None else _whole(table, 0, MAX_BLOCKS),
        row=None if row is None else _whole(row, 0, MAX_BLOCKS),
        header_row=_truth(record.get("header_row", False)),
        cells=Spans(_span(cell, len(text)) for cell in _list(record.get("cells", []))),
    )


def _words(untrusted: list[Any], length: int) -> Words:
    numbers = array("d")
    for item in untrusted:
        if not isinstance(item, list) or len(item) != 7:
            _distrust()
        start, end, x0, y0, x1, y1, confidence = item
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
            _distrust()
        for number in (x0, y0, x1, y1):
            if type(number) not in (int, float) or not -MAX_POINTS <= number <= MAX_POINTS:
                _distrust()
        if x1 < x0 or y1 < y0:
            _distrust()
        _finite(confidence, 0, 1)
        numbers.extend(item)
    return Words.of_numbers(numbers)


def _attached(record: dict[str, Any]) -> Attached:
    return Attached(_string(record.get("name"), MAX_NAME), _whole(record.get("bytes"), 0, wire.MAX_FRAME_BYTES))


def _known(record: dict[str, Any]) -> Known:
    type_ = _string(record.get("type"), 40)
    if not ENTITY_TYPE.fullmatch(type_):
        _distrust()
    return Known(type_, _string(record.get("text"), MAX_KNOWN))


def _string(value: Any, longest: int) -> str:
    """A string that is not empty, not too long, and encodable."""
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        _distrust()
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Distrusted from error
    return value


def _warnings(record: dict[str, Any]) -> tuple[str, ...]:
    warnings = _list(record.get("warnings", []))
    if len(warnings) > MAX_WARNINGS or not all(isinstance(w, str) and WARNING.fullmatch(w) for w in warnings):
        _distrust()
    return tuple(warnings)


def _span(value: Any, length: int) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        _distrust()
    start = _whole(value[0], 0, length)
    return start, _whole(value[1], start, length)


def _whole(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        _distrust()
    return value


def _finite(value: Any, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high or not math.isfinite(value):
        _distrust()
    return float(value)


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        _distrust()
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        _distrust()
    return value


def _distrust(_: str = "") -> NoReturn:
    raise Distrusted
