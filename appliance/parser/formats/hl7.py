"""HL7 v2 messages (ER7 encoding, HL7 2.5.1 chapter 2), single or in batches: segments as tables, notes as text.

What PID, NK1, GT1 and IN1 say of people goes out as known identifiers, so that redaction finds the same names
and numbers in the free text of the message. Documents in OBX segments (ED) become documents of their own.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import groupby

from appliance.parser.failure import ParseFailure
from appliance.parser.formats import hl7_fields
from appliance.parser.formats.html import write_html
from appliance.parser.formats.text import write_paragraphs
from appliance.parser.hygiene import clean, decode, squeeze
from appliance.parser.output import Output

_BATCH = ("FHS", "BHS", "BTS", "FTS")
_ESCAPE = re.compile(r"\\([^\\\r\n]{1,40})\\")
_MLLP = "\x0b\x1c"
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.\d+)?)?)?(?:[+-]\d{4})?")
_ENDINGS = {
    "pdf": ".pdf", "rtf": ".rtf", "html": ".html", "jpeg": ".jpg", "jpg": ".jpg", "png": ".png", "tiff": ".tiff",
    "xml": ".xml", "plain": ".txt", "text": ".txt",
}  # fmt: skip
MAX_EMBEDDED = 120 * 1024 * 1024


def warm() -> None:
    """Nothing to load."""


def read(content: bytes, output: Output) -> None:
    """Write the frames of one message or a batch, a message a page. Raises ParseFailure."""
    text = decode(content).translate({ord(c): None for c in _MLLP})
    messages = list(_messages(text))
    if not messages:
        raise ParseFailure("damaged")
    output.head("hl7", len(messages))
    for number, segments in enumerate(messages, 1):
        output.page(number)
        output.leave_sections()
        _Message(segments, output).write()


def _messages(text: str) -> Iterator[list[str]]:
    """Segments by message; a line that begins no segment goes on with the one before."""
    segments: list[str] = []
    for line in re.split(r"\r\n|\r|\n", text):
        start = line.lstrip()
        if start.startswith("MSH") and segments:
            yield segments
            segments = []
        if start[:3] in _BATCH or not start.strip():
            continue
        if re.match(r"[A-Z][A-Z0-9]{2}\W", start):
            segments.append(start)
        elif segments:
            segments[-1] += "\n" + line
    if segments and segments[0].startswith("MSH"):
        yield segments


class _Message:
    """One message with the characters that part its fields."""

    def __init__(self, segments: list[str], output: Output) -> None:
        head = segments[0]
        if len(head) < 8:
            raise ParseFailure("damaged")
        self._field = head[3]
        stated = head[4:].split(self._field, 1)[0]
        self._component, self._repeat, self._escape, self._sub = list((stated + "^~\\&"[len(stated) :])[:4])
        self._segments = segments
        self._output = output
        self._files = 0

    def write(self) -> None:
        """Write all segments, neighbours of one kind as one table."""
        kind = self._parts(self._segments[0]).get(9, "")
        self._output.heading(squeeze(f"HL7 {self._plain(kind)}"), 1)
        for name, group in groupby(self._segments, key=lambda segment: segment[:3]):
            rows = [self._parts(segment) for segment in group]
            if name == "NTE":
                for row in rows:
                    write_paragraphs(self._text(row.get(3, "")), self._output)
            else:
                self._table(name, rows)
            for row in rows:
                self._known(name, row)

    def _parts(self, segment: str) -> dict[int, str]:
        """Raw fields by number; in MSH the separator itself is the first."""
        fields = segment.split(self._field)
        first = 2 if segment.startswith(("MSH", "FHS", "BHS")) else 1
        return {number: value for number, value in enumerate(fields[1:], first) if value and value != '""'}

    def _table(self, name: str, rows: list[dict[int, str]]) -> None:
        columns = sorted({number for row in rows for number in row})
        if name == "MSH":
            columns = [number for number in columns if number > 2]
        if not columns:
            return
        labels = hl7_fields.LABELS.get(name, {})
        table = self._output.new_table()
        title = hl7_fields.SEGMENTS.get(name, name)
        header = [labels.get(number, f"{title} {number}") for number in columns]
        self._output.row(header, table, 0, header_row=True)
        for index, row in enumerate(rows, 1):
            cells = [self._cell(name, number, row) for number in columns]
            self._output.row(cells, table, index)

    def _cell(self, name: str, number: int, row: dict[int, str]) -> str:
        value = row.get(number, "")
        if name == "OBX" and number == 5:
            kind = row.get(2, "")
            if kind in ("ED", "RP"):
                return self._embedded(value)
            if kind in ("TX", "FT") and "<html" in value.lower():
                write_html(self._text(value), self._output)
                return ""
        if (name, number) in hl7_fields.NAMES:
            return ", ".join(self._name(one) for one in value.split(self._repeat) if one)
        return squeeze(self._plain(value))

    def _plain(self, value: str) -> str:
        """A field as text: components parted by blanks, repetitions by commas, times in ISO 8601."""
        repeats = []
        for one in value.split(self._repeat):
            parts = re.split("[" + re.escape(self._component + self._sub) + "]", one)
            repeats.append(" ".join(_moment(self._text(part)) for part in parts if part))
        return ", ".join(text for text in repeats if text)

    def _text(self, value: str) -> str:
        """Escape sequences (HL7 2.5.1, 2.7) undone; repetitions of long text are lines."""

        def undone(match: re.Match[str]) -> str:
            code = match.group(1)
            letters = {"F": self._field, "S": self._component, "T": self._sub, "R": self._repeat, "E": self._escape}
            if code in letters:
                return letters[code]
            if code.startswith("X") and len(code) % 2 == 1:
                try:
                    return decode(bytes.fromhex(code[1:]))
                except ValueError:
                    return ""
            return "\n" if code.startswith((".br", ".sp")) else ""

        if self._escape != "\\":
            value = value.replace(self._escape, "\\")
        return clean(_ESCAPE.sub(undone, value).replace(self._repeat, "\n"))

    def _name(self, value: str) -> str:
        """A name (XPN, XCN) as it is said: title, given, middle, family, suffix."""
        parts = [self._text(part) for part in value.split(self._component)]
        shift = 1 if parts and re.fullmatch(r"[\d-]*\d[\d-]*", parts[0]) else 0  # XCN begins with a number
        family, given, middle, suffix, title = (parts[shift:] + [""] * 5)[:5]
        family = family.split(self._sub)[0]
        said = squeeze(" ".join((title, given, middle, family, suffix)))
        return f"{parts[0]} {said}" if shift else said

    def _known(self, name: str, row: dict[int, str]) -> None:
        for number, type_ in hl7_fields.KNOWN.get(name, {}).items():
            for one in row.get(number, "").split(self._repeat):
                if (name, number) in hl7_fields.NAMES:
                    said = self._name(one)
                elif type_ == "LOCATION":
                    said = squeeze(self._text(one.split(self._component)[0]))
                else:
                    said = _moment(self._text(one.split(self._component)[0]))
                if said:
                    self._output.known(type_, said)

    def _embedded(self, value: str) -> str:
        """Encapsulated data (ED): source ^ type ^ subtype ^ encoding ^ data."""
        parts = value.split(self._component)
        if len(parts) < 5 or len(parts[4]) > MAX_EMBEDDED:
            return self._plain(value)
        subtype, encoding, data = parts[2].lower(), parts[3].lower(), parts[4]
        try:
            body = base64.b64decode(data, validate=False) if encoding.startswith("base64") else data.encode()
        except (binascii.Error, ValueError):
            self._output.warn("attachment_damaged")
            return ""
        self._files += 1
        name = f"observation-{self._files}{_ENDINGS.get(subtype, _ENDINGS.get(parts[1].lower(), ''))}"
        self._output.attach(name, len(body), lambda: body)
        return name


def _moment(text: str) -> str:
    """A time stamp of HL7 in ISO 8601; anything else as it is."""
    found = _MOMENT.fullmatch(text.strip())
    if not found or not ("1850" < found.group(1) < "2200" and "01" <= found.group(2) <= "12"):
        return text
    if not "01" <= found.group(3) <= "31":
        return text
    day = "-".join(found.group(1, 2, 3))
    hour, minute, second = found.group(4, 5, 6)
    return day if hour is None else f"{day} {hour}:{minute}" + (f":{second}" if second and second != "00" else "")
