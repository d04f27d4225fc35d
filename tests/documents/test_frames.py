"""Whatever bytes a parser writes, they become a consistent Document or are refused; nothing else happens."""

import contextlib
import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.documents.document import Document
from appliance.documents.frames import BLOCK_KINDS, Distrusted, UnreadableDocument, read_document, read_images
from appliance.parser import wire

NUMBERS = st.one_of(
    st.integers(-2, 5), st.floats(), st.sampled_from([10**400, -(10**20), 1e308, True, None, "1", [], {}])
)
RECORDS = st.dictionaries(
    st.sampled_from(["page", "number", "width", "height", "ocr", "text", "section", "words", "cells", "table", "row"]),
    st.one_of(NUMBERS, st.text(max_size=5), st.lists(st.lists(NUMBERS, max_size=8), max_size=3), st.lists(NUMBERS)),
)


def frame(kind: bytes, record: object) -> bytes:
    body = json.dumps(record).encode()
    return kind + len(body).to_bytes(4, "big") + body


HEAD = frame(wire.HEAD, {"kind": "text", "pages": 1})
PAGE = {"number": 1, "width": 100.5, "height": 50, "ocr": True}
BLOCK = {"page": 1, "kind": "table_row", "text": "ab | cd", "words": [[0, 2, 1, 1, 2.5, 3, 0.5]], "table": 0, "row": 1,
         "header_row": True, "cells": [[0, 2], [5, 7]]}  # fmt: skip
HONEST = HEAD + frame(wire.PAGE, PAGE) + frame(wire.BLOCK, BLOCK)
HONEST += frame(wire.END, {"pages": 1, "blocks": 1, "warnings": []})


def consistent(document: Document) -> bool:
    numbers = {page.number for page in document.pages}
    for index, block in enumerate(document.blocks):
        spans = [(word.start, word.end) for word in block.words] + list(block.cells)
        if not all(0 <= start <= end <= len(block.text) for start, end in spans):
            return False
        if block.page not in numbers or any(not 0 <= above < index for above in block.section):
            return False
        if block.kind not in BLOCK_KINDS or any(abs(edge) > 1e6 for word in block.words for edge in word.box):
            return False
    return all(0 <= page.width <= 1e6 and 0 <= page.height <= 1e6 for page in document.pages)


def read(stream: bytes) -> Document | None:
    try:
        return read_document(io.BytesIO(stream), "text")
    except (Distrusted, UnreadableDocument):
        return None


def test_an_honest_stream_is_read() -> None:
    document = read(HONEST)
    assert document is not None
    assert consistent(document)
    assert document.blocks[0].cells == ((0, 2), (5, 7))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(HONEST) - 1), st.binary(min_size=1, max_size=6))
def test_overwritten_bytes_give_a_consistent_document_or_none(position: int, data: bytes) -> None:
    document = read(HONEST[:position] + data + HONEST[position + len(data) :])
    assert document is None or consistent(document)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([wire.PAGE, wire.BLOCK, wire.END, wire.ERROR]), RECORDS), max_size=4))
def test_records_of_any_shape_give_a_consistent_document_or_none(
    records: list[tuple[bytes, dict[str, object]]],
) -> None:
    base = {wire.PAGE: PAGE, wire.BLOCK: BLOCK, wire.END: {"pages": 1, "blocks": 1}, wire.ERROR: {"reason": "damaged"}}
    stream = HEAD + b"".join(frame(kind, {**base[kind], **record}) for kind, record in records)
    document = read(stream)
    assert document is None or consistent(document)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_from_nowhere_are_refused(data: bytes) -> None:
    assert read(data) is None
    with contextlib.suppress(Distrusted, UnreadableDocument):
        assert list(read_images(io.BytesIO(HEAD + data), "text", frozenset())) == []
