"""JSON (RFC 8259) and JSON Lines as text: one line for each value, led by where it stands.

Values are decoded first: a name written with escapes is a name, and whoever redacts must see it.
"""

import json
from collections.abc import Iterator

from appliance.parser.failure import ParseFailure
from appliance.parser.hygiene import clean, decode, squeeze
from appliance.parser.output import Output

GROUP = 1500
"""Characters of neighbouring values that go into one block."""
MAX_DEPTH = 100


def warm() -> None:
    """json is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the values of a JSON text. Raises ParseFailure."""
    values = values_of(content)
    output.head("json", 1)
    output.page(1)
    for value in values:
        write_value(value, output)


def values_of(content: bytes) -> list[object]:
    """The values of a JSON text, or of each line of JSON Lines. Raises ParseFailure("damaged")."""
    text = decode(content)
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        raise ParseFailure("damaged") from None


def write_value(value: object, output: Output, lead: str = "") -> None:
    """Write a value: a list of flat records is a table, everything else lines of `place: value`."""
    if isinstance(value, list) and len(value) > 1 and (columns := _columns(value)):
        table = output.new_table()
        output.row(columns, table, 0, header_row=True)
        for index, record in enumerate(value, 1):
            output.row([_scalar(record.get(c)) for c in columns], table, index)
        return
    lines: list[str] = []
    size = 0
    for place, said in _lines(value, lead, 0):
        line = f"{place}: {said}" if place else said
        lines.append(line)
        size += len(line) + 1
        if size > GROUP:
            output.block("paragraph", "\n".join(lines))
            lines, size = [], 0
    output.block("paragraph", "\n".join(lines))


def _columns(records: list[object]) -> list[str]:
    """The keys of records that hold no records themselves, or nothing when these are no such records."""
    columns: dict[str, None] = {}
    for record in records:
        if not isinstance(record, dict) or any(isinstance(v, dict | list) for v in record.values()):
            return []
        columns.update(dict.fromkeys(record))
        if len(columns) > 200:
            return []
    return list(columns)


def _lines(value: object, place: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        raise ParseFailure("too_large")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, f"{place}.{squeeze(str(key))}" if place else squeeze(str(key)), depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, place, depth + 1)
    else:
        said = _scalar(value)
        if said:
            yield place, said


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value)).strip()
