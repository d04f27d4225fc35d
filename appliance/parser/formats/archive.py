"""ZIP archives: every file inside is a document of its own; the archive itself is the list of their names.

What unpacks to too much, holds too many files or is packed with a password is refused before anything is
unpacked (`parser.archive`); the sizes that the directory states are held against what really comes out.
"""

import posixpath
import zipfile
import zlib
from contextlib import suppress
from functools import partial

from appliance.parser.archive import checked_zip
from appliance.parser.failure import ParseFailure
from appliance.parser.hygiene import squeeze
from appliance.parser.output import Output

_JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
_UTF8_NAME = 0x800


def warm() -> None:
    """zipfile is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the names of an archive's files, and tell of each. Raises ParseFailure."""
    archive = checked_zip(content, output.limits)
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_junk(entry.filename)]
    if len(entries) > output.limits.max_attachments:
        raise ParseFailure("too_large")
    output.head("archive", 1)
    output.page(1)
    for entry in entries:
        name = _name(entry)
        if entry.flag_bits & 1:
            raise ParseFailure("encrypted")
        output.block("list_item", squeeze(name))
        output.attach(posixpath.basename(name), entry.file_size, partial(_unpacked, archive, entry))


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as stream:
            content = stream.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
        raise ParseFailure("damaged") from None
    if len(content) > entry.file_size:
        raise ParseFailure("too_large")
    return content


def _name(entry: zipfile.ZipInfo) -> str:
    """The entry's path. Names without the mark for UTF-8 are often UTF-8 all the same."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _is_junk(name: str) -> bool:
    return any(part in _JUNK for part in name.split("/"))
