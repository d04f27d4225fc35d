"""Taking a file in: a regular file, whole, not empty, within the limit, with its SHA-256.

What kind of file it is, by content, is said by the sandboxed parser; here `kind` is a hint from the name.
"""

import errno
import hashlib
import os
import stat
from pathlib import Path, PurePath

from appliance.documents.document import DocumentKind, Original
from appliance.errors import TooLarge, Unreadable
from appliance.settings import MIB, Settings

_KINDS: dict[str, DocumentKind] = {
    ".pdf": "pdf", ".docx": "word", ".xlsx": "sheet", ".pptx": "slides", ".eml": "mail", ".html": "html",
    ".htm": "html", ".md": "markdown", ".csv": "csv", ".tsv": "csv", ".png": "image", ".jpg": "image",
    ".jpeg": "image", ".tif": "image", ".tiff": "image", ".odt": "opendocument", ".ods": "opendocument",
    ".odp": "opendocument", ".rtf": "rtf", ".msg": "outlook", ".mbox": "mailbox", ".zip": "archive",
    ".json": "json", ".xml": "xml", ".hl7": "hl7", ".doc": "old_word", ".xls": "old_sheet", ".ppt": "old_slides",
}  # fmt: skip
MAX_NAME_CHARS = 255
_RETRY = "Wait until it is written completely, then ingest it again"


def accept(source: Path | bytes, name: str, settings: Settings) -> Original:
    """Read `source`, a path or bytes that came by the network, into memory.

    Raises Unreadable when it is empty, not a regular file (links, devices and pipes are not followed),
    cannot be read, or changes while it is read; TooLarge when it is over `max_document_bytes`. The message
    never holds the name: a name can be personal data.
    """
    limit = settings.max_document_bytes
    content = source if isinstance(source, bytes) else _read(source, limit)
    if not content:
        raise Unreadable("the file is empty", "Send the file again from its source")
    if len(content) > limit:
        raise _too_large(limit)
    return Original(_plain_name(name), kind_hint(name), content, hashlib.sha256(content).hexdigest())


def kind_hint(name: str) -> DocumentKind:
    """The kind that a name's ending promises; `text` when it promises none."""
    return _KINDS.get(PurePath(name).suffix.lower(), "text")


def _read(path: Path, limit: int) -> bytes:
    try:
        # O_NONBLOCK: opening a pipe must not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unreadable("the file is a symbolic link", "Ingest the file it points to") from error
        raise Unreadable(f"the file cannot be opened ({error.strerror})", "Check its path and permissions") from error
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise Unreadable("the path is not a regular file", "Ingest regular files only")
        if before.st_size > limit:
            raise _too_large(limit)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
        after = os.fstat(descriptor)
    except OSError as error:
        raise Unreadable(f"the file cannot be read ({error.strerror})", "Check its disk") from error
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise Unreadable("the file changed while it was read", _RETRY)
    return content


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the file is over the limit of {limit / MIB:.0f} MiB", "Split it, or raise max_document_bytes")


def _plain_name(name: str) -> str:
    """The last part of a name without control characters, whatever system it comes from."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[-MAX_NAME_CHARS:] or "document"
