"""What the sandboxed child runs: one file in, frames out (see `wire`).

    1. `warm()` and `warm_ocr()` load libraries and models in the parent of all children, before any cage.
    2. `detect`, `parse`, `render` or `extract` handle one file in a caged child, and always end with END or ERROR.

Nothing here opens a file, a socket or a process. Time and memory are limited by the parent; a failure of
any kind inside a library becomes a reason code, since what such an error says may quote the file.
"""

import codecs
import gc
import heapq  # noqa: F401  # imported by collections only when a Counter is first ranked
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from encodings.aliases import aliases
from importlib import import_module
from typing import BinaryIO

from appliance.parser.failure import ParseFailure
from appliance.parser.kinds import detect
from appliance.parser.limits import Limits
from appliance.parser.output import Output

__all__ = ["detect", "extract", "parse", "render", "warm", "warm_ocr"]

_FORMATS = (
    *("pdf", "word", "sheet", "slides", "mail", "html", "markdown", "csv", "text", "image"),
    *("opendocument", "rtf", "outlook", "mailbox", "archive", "hl7", "fhir", "json", "xml"),
)
"""Each is a module of formats/ with read(), warm() and, where it has pages to draw, draw()."""
_DRAWABLE = ("pdf", "image")
AnyLimits = Limits | Mapping[str, object] | None


def warm() -> None:
    """Import every format, the libraries and the code pages behind it, so that a forked child starts at once
    and reads no file. Call `warm_ocr` too where text recognition is wanted."""
    for module in _FORMATS:
        import_module(f"appliance.parser.formats.{module}").warm()
    for name in sorted(set(aliases.values())):
        with suppress(LookupError):  # code pages of other systems
            codecs.lookup(name)
    gc.freeze()


def warm_ocr(threads: int = 1) -> None:
    """Load the text recognition models. Before a fork only with one thread: pools do not survive it."""
    from appliance.parser.formats import ocr

    ocr.load(threads)


def parse(content: bytes, kind: str, out: BinaryIO, limits: AnyLimits = None) -> None:
    """Read a file of a kind (see `document.DocumentKind`; "" detects it by content) and write its frames.

    Never raises for what the file holds; a ValueError means that the limits themselves are wrong.
    """
    output = Output(out, Limits.of(limits))
    _guarded(output, lambda: _parse(content, kind, output))


def render(
    content: bytes, kind: str, pages: Sequence[int] | None, dpi: int, out: BinaryIO, limits: AnyLimits = None
) -> None:
    """Draw pages (numbers from 1; None for all) as raw RGB at a resolution of 36 to 600 dots an inch.

    Kinds without pages to draw give no pictures. Never raises for what the file holds.
    """
    output = Output(out, Limits.of(limits))
    _guarded(output, lambda: _render(content, kind, pages, min(max(dpi, 36), 600), output))


def extract(content: bytes, kind: str, out: BinaryIO, limits: AnyLimits = None) -> None:
    """Write the contents of the files in a file, in the order in which `parse` tells of them. Never raises."""
    output = Output(out, Limits.of(limits), contents_only=True)
    _guarded(output, lambda: _format(kind).read(content, output))


def _parse(content: bytes, kind: str, output: Output) -> None:
    if not content:
        raise ParseFailure("empty")
    chosen = kind
    if not chosen:
        found = detect(content, "")
        if found.kind is None:
            raise ParseFailure(found.reason or "unsupported")
        chosen = found.kind
    _format(chosen).read(content, output)
    if not (output.has_text or output.attachments or output.unread or output.limits.page):
        raise ParseFailure("no_text")


def _render(content: bytes, kind: str, pages: Sequence[int] | None, dpi: int, output: Output) -> None:
    if not content:
        raise ParseFailure("empty")
    if kind in _DRAWABLE:
        _format(kind).draw(content, pages, dpi, output)
    else:
        output.head(kind, 0)


def _format(kind: str):  # type: ignore[no-untyped-def]  # a module of formats/: read(), warm(), perhaps draw()
    if kind not in _FORMATS:
        raise ParseFailure("unsupported")
    return import_module(f"appliance.parser.formats.{kind}")


def _guarded(output: Output, work: Callable[[], None]) -> None:
    """Run the work; END if it went well, ERROR with a reason if not."""
    try:
        work()
    except ParseFailure as failure:
        output.error(failure.reason, failure.page)
    except (MemoryError, RecursionError):
        output.error("limit")
    except OSError as failure:
        if isinstance(failure, BrokenPipeError):
            raise
        output.error("damaged")
    except Exception:  # noqa: BLE001
        # The boundary of the cage: a hostile file can make any library raise anything, and neither the
        # message nor the traceback may leave, because both can quote the file.
        output.error("damaged")
    else:
        output.end()
