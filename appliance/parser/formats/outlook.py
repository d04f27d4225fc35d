"""Outlook messages (MS-OXMSG in a compound file): who, to whom, when, about what, the text, the attachments.

The container is read by olefile. A body that is only there as compressed RTF (MS-OXRTFCP) is unpacked here.
Mails inside the mail are read too; other attachments are documents of their own.
"""

import io
import struct
from datetime import UTC, datetime, timedelta

import olefile

from appliance.parser.failure import ParseFailure
from appliance.parser.formats.html import html_text, write_html
from appliance.parser.formats.rtf import write_rtf
from appliance.parser.formats.text import write_paragraphs
from appliance.parser.hygiene import clean, decode, squeeze
from appliance.parser.output import Output

SUBJECT, SENDER, SENDER_MAIL, SENDER_SMTP = 0x0037, 0x0C1A, 0x0C1F, 0x5D01
SHOWN_TO, SHOWN_CC, SHOWN_BCC = 0x0E04, 0x0E03, 0x0E02
BODY, BODY_HTML, BODY_RTF = 0x1000, 0x1013, 0x1009
SENT, RECEIVED = 0x0039, 0x0E06
NAME, MAIL, SMTP, RECIPIENT_TYPE = 0x3001, 0x3003, 0x39FE, 0x0C15
FILE_LONG, FILE_SHORT, DATA, METHOD = 0x3707, 0x3704, 0x3701, 0x3705
EMBEDDED = 5
_LISTS = {1: "To", 2: "Cc", 3: "Bcc"}
MAX_RECIPIENTS = 2000
_UNREADABLE = (OSError, ValueError, IndexError, KeyError, TypeError, struct.error)
"""What olefile raises for containers that do not hold together."""
_RTF_START = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What every compressed RTF may refer back to (MS-OXRTFCP, 2.1.2.1)."""


def warm() -> None:
    """olefile is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of a message. Raises ParseFailure."""
    try:
        container = olefile.OleFileIO(io.BytesIO(content))
    except _UNREADABLE:
        raise ParseFailure("damaged") from None
    output.head("outlook", 1)
    output.page(1)
    try:
        _write(_Storage(container, ()), output, 0)
    except _UNREADABLE:
        raise ParseFailure("damaged") from None


class _Storage:
    """The properties of a message, a recipient or an attachment."""

    def __init__(self, container: olefile.OleFileIO, path: tuple[str, ...]) -> None:
        self.container = container
        self.path = path
        self._fixed = self._fixed_properties()

    def inside(self, name: str) -> "_Storage":
        """A storage in this one."""
        return _Storage(self.container, (*self.path, name))

    def storages(self, prefix: str) -> list["_Storage"]:
        """Storages in this one whose names begin with a prefix, in order."""
        depth = len(self.path)
        names = {
            entry[depth]
            for entry in self.container.listdir(streams=True, storages=True)
            if tuple(entry[:depth]) == self.path and len(entry) > depth and entry[depth].startswith(prefix)
        }
        return [self.inside(name) for name in sorted(names)]

    def stream(self, name: str) -> bytes | None:
        """A stream of this storage, or None."""
        path = [*self.path, name]
        if not self.container.exists(path) or self.container.get_type(path) != olefile.STGTY_STREAM:
            return None
        with self.container.openstream(path) as stream:
            return bytes(stream.read())

    def binary(self, tag: int) -> bytes | None:
        """A binary property."""
        return self.stream(f"__substg1.0_{tag:04X}0102")

    def text(self, tag: int) -> str:
        """A string property, "" when it is not there."""
        wide = self.stream(f"__substg1.0_{tag:04X}001F")
        if wide is not None:
            return clean(wide.decode("utf-16-le", "replace"))
        narrow = self.stream(f"__substg1.0_{tag:04X}001E")
        return clean(self._narrow(narrow)) if narrow else ""

    def _narrow(self, raw: bytes) -> str:
        page = self.number(0x3FFD) or self.number(0x3FDE)
        try:
            return raw.decode("utf-8" if page == 65001 else f"cp{page}") if page else decode(raw)
        except (LookupError, UnicodeDecodeError):
            return decode(raw)

    def number(self, tag: int) -> int:
        """A whole number property, 0 when it is not there."""
        return struct.unpack("<i", self._fixed.get(tag, bytes(8))[:4])[0]  # type: ignore[no-any-return]

    def moment(self, tag: int) -> str:
        """A time property (100 ns since 1601, UTC) in ISO 8601."""
        (ticks,) = struct.unpack("<Q", self._fixed.get(tag, bytes(8)))
        if not 0 < ticks < 1 << 62:
            return ""
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(ticks // 10, 250_000_000_000_000_000))
        return moment.strftime("%Y-%m-%d %H:%M UTC")

    def _fixed_properties(self) -> dict[int, bytes]:
        """The properties that are no streams: 16 bytes each after a header of a size that depends on the storage."""
        raw = self.stream("__properties_version1.0") or b""
        last = self.path[-1] if self.path else ""
        start = 32 if not self.path else 8 if last.startswith(("__attach", "__recip")) else 24
        found: dict[int, bytes] = {}
        for at in range(start, len(raw) - 15, 16):
            _, tag = struct.unpack_from("<HH", raw, at)
            found.setdefault(tag, raw[at + 8 : at + 16])
        return found


def _write(message: _Storage, output: Output, depth: int) -> None:
    if depth > min(output.limits.max_depth, 20):
        raise ParseFailure("too_large")
    subject = squeeze(message.text(SUBJECT))
    if subject:
        output.heading(subject, depth, kind="heading" if depth else "title")
    address = message.text(SENDER_SMTP) or message.text(SENDER_MAIL)
    sender = _person(message.text(SENDER), address)
    when = message.moment(SENT) or message.moment(RECEIVED)
    for label, value in (("From", sender), *_recipients(message), ("Date", when)):
        if value:
            output.block("metadata", f"{label}: {value}")
    _write_body(message, output)
    for attachment in message.storages("__attach_version1.0_"):
        _write_attachment(attachment, output, depth)


def _person(name: str, address: str) -> str:
    name, address = squeeze(name), squeeze(address)
    if "@" not in address or address.lower() == name.lower():
        return name or address
    return f"{name} <{address}>" if name else address


def _recipients(message: _Storage) -> list[tuple[str, str]]:
    people: dict[str, list[str]] = {label: [] for label in _LISTS.values()}
    for one in message.storages("__recip_version1.0_")[:MAX_RECIPIENTS]:
        label = _LISTS.get(one.number(RECIPIENT_TYPE), "To")
        people[label].append(_person(one.text(NAME), one.text(SMTP) or one.text(MAIL)))
    shown = {"To": SHOWN_TO, "Cc": SHOWN_CC, "Bcc": SHOWN_BCC}
    return [
        (label, ", ".join(p for p in found if p) or squeeze(message.text(shown[label]).replace("\0", "")))
        for label, found in people.items()
    ]


def _write_body(message: _Storage, output: Output) -> None:
    plain = message.text(BODY)
    if plain.strip():
        write_paragraphs(plain, output)
        return
    page = message.binary(BODY_HTML)
    text = html_text(page) if page else message.text(BODY_HTML)
    if text.strip():
        write_html(text, output)
        return
    packed = message.binary(BODY_RTF)
    if packed:
        write_rtf(unpacked_rtf(packed), output, turns=False)


def _write_attachment(attachment: _Storage, output: Output, depth: int) -> None:
    name = squeeze(attachment.text(FILE_LONG) or attachment.text(FILE_SHORT) or attachment.text(NAME))
    if attachment.number(METHOD) == EMBEDDED:
        _write(attachment.inside(f"__substg1.0_{DATA:04X}000D"), output, depth + 1)
        return
    content = attachment.binary(DATA)
    if name:
        output.block("metadata", f"Attachment: {name}")
    if content:
        output.attach(name, len(content), lambda: content)


def unpacked_rtf(packed: bytes) -> bytes:
    """RTF from its compressed form (MS-OXRTFCP, 2.2). Raises ParseFailure for what is none."""
    if len(packed) < 16:
        raise ParseFailure("damaged")
    _, size, form, _ = struct.unpack_from("<IIII", packed)
    if form == 0x414C454D:  # MELA: not compressed
        return packed[16 : 16 + size]
    if form != 0x75465A4C or size > 64 * len(packed) + 4096:
        raise ParseFailure("damaged")
    ring = bytearray(_RTF_START.ljust(4096, b"\0"))
    write = len(_RTF_START)
    out = bytearray()
    at = 16
    while at < len(packed):
        control = packed[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 2 > len(packed):
                    return bytes(out)
                (reference,) = struct.unpack_from(">H", packed, at)
                at += 2
                start, length = reference >> 4, (reference & 15) + 2
                if start == write:
                    return bytes(out)
                for i in range(length):  # one by one: what is copied may reach into what it writes
                    out.append(ring[(start + i) % 4096])
                    ring[write] = out[-1]
                    write = (write + 1) % 4096
            elif at < len(packed):
                out.append(packed[at])
                ring[write] = packed[at]
                write = (write + 1) % 4096
                at += 1
    return bytes(out)
