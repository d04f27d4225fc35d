"""The one thing that the sandboxed parser and the rest of the appliance share: frames on a pipe.

A frame is a 1-byte kind, a 4-byte big-endian length and that many bytes. JSON frames carry records as
UTF-8 JSON objects; a pixel frame carries raw 8-bit RGB rows. The child writes, in this order:

    parse:   HEAD, then PAGE (once a page, before its blocks) and BLOCK frames, KNOWN and ATTACHED where
             there are any, then END
    render:  HEAD, then for each page PAGE and PIXELS, then END
    extract: HEAD, then for each attachment ATTACHED and CONTENT, then END
    failure: ERROR instead of the rest; it carries only a reason code of REASONS and a page number

The JSON records (fields in brackets may be missing; numbers are points unless said otherwise):

    HEAD   {"kind", "pages": count or null}      kind: a `DocumentKind`; pages: null where not known before
    PAGE   {"number", "width", "height", "ocr"   number from 1, ascending; sizes 0 where nothing can be drawn
            ["unread": true]}                    its text is a picture that was left for a parse of this page
    BLOCK  {"page", "kind", "text",              kind: a `BlockKind`; blocks count from 0 in order of arrival
            ["section": [block, ...]],           the headings above, outermost first, each an earlier block
            ["words": [[start, end, x0, y0, x1, y1, confidence], ...]],
            ["table", "row", "header_row", "cells": [[start, end], ...]]}   together, for a table row
    KNOWN  {"type", "text"}                      an identifier that a field of the file names as such
    ATTACHED {"name", "bytes", ["reason"]}       a file in the file; its CONTENT frame is as many bytes long; a
                                                 reason: a key of REASONS, why there is nothing in it
    END    {"pages", "blocks", "warnings": [code or "code:page", ...]}      counts, to check what came
    ERROR  {"reason", "page"}                    reason: a key of REASONS; page: 0 when it is not about one
    render: HEAD as above; PAGE {"number", "width", "height", "scale"} in pixels and pixels a point, its
            PIXELS frame width * height * 3 bytes long; END with blocks 0

Spans are offsets in characters (code points) of the block's text, half open; words are in order of start
and do not overlap. Boxes are x0 <= x1, y0 <= y1, origin at the top left of the page as shown.

This module imports nothing of the appliance and checks nothing but lengths: what arrives is untrusted.
"""

import struct
from typing import BinaryIO

HEAD, PAGE, BLOCK, PIXELS, END, ERROR = b"H", b"P", b"B", b"X", b"E", b"!"
KNOWN, ATTACHED, CONTENT = b"K", b"A", b"C"
KINDS = (HEAD, PAGE, BLOCK, PIXELS, KNOWN, ATTACHED, CONTENT, END, ERROR)
MAX_FRAME_BYTES = 128 * 1024 * 1024

REASONS = {
    "empty": ("the file is empty", "Send the file again from its source"),
    "encrypted": ("the file is protected by a password", "Save a copy without a password and ingest that"),
    "damaged": ("the file is damaged or truncated", "Open it in its own program, save it again and retry"),
    "unsupported": ("the file's kind is not supported", "Convert it to PDF, DOCX, XLSX, PPTX, ODT, HTML, EML or text"),
    "legacy": ("the file is in an old Office format", "Save it as DOCX, XLSX or PPTX, or install LibreOffice here"),
    "nested": ("the file is packed too deep inside other files", "Unpack them and ingest the file itself"),
    "mismatch": ("the file's content does not match its name", "Give it the right extension, or convert it"),
    "too_many_pages": ("the file has more pages than the limit", "Split it"),
    "too_large": ("the content unpacks to more than the limit", "Split it"),
    "no_text": ("no text was found, and text recognition found none", "Check the scan"),
    "limit": ("parsing ran out of its time or memory limit", "Split the file or raise the parse limits"),
    "crashed": ("the parser stopped without an answer", "Save the file again in its own program and retry"),
}


def write_frame(stream: BinaryIO, kind: bytes, body: bytes) -> None:
    """Write one frame. Raises ValueError when the body is over MAX_FRAME_BYTES."""
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError("frame too long")
    stream.write(kind + struct.pack(">I", len(body)) + body)


def read_frame(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """Read one frame, or None at a clean end. Raises ValueError for an unknown kind, a length over the
    limit or a stream that ends inside a frame."""
    head = stream.read(5)
    if not head:
        return None
    if len(head) < 5 or head[:1] not in KINDS:
        raise ValueError("not a frame")
    (length,) = struct.unpack(">I", head[1:])
    if length > MAX_FRAME_BYTES:
        raise ValueError("frame too long")
    body = stream.read(length)
    if len(body) < length:
        raise ValueError("stream ended inside a frame")
    return head[:1], body
