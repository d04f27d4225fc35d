"""How much a file may cost: every bound of the parser, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one parse or render. The parent adds those of the process: memory, time, output."""

    max_pages: int = 3000
    """Pages, sheets or slides."""
    max_characters: int = 200_000_000
    """Of all blocks together."""
    max_rows: int = 2_000_000
    """Of all tables together."""
    max_unpacked_bytes: int = 1024 * 1024 * 1024
    """What a zip container may unpack to, all entries together."""
    max_unpack_ratio: int = 400
    """Unpacked to packed bytes of one entry of over a megabyte."""
    max_entries: int = 20_000
    """Entries of a zip container."""
    max_pixels: int = 120_000_000
    """Of one image or one drawn page, checked before anything is decoded."""
    max_depth: int = 200
    """Nesting of tables, shapes, quotes or mail parts."""
    max_attachments: int = 1000
    """Files in a mail, a portfolio or an archive."""
    max_attachment_bytes: int = 120 * 1024 * 1024
    """Of one of them; below what a frame can carry."""
    threads: int = 1
    """For text recognition. More than one cannot be combined with models loaded before a fork."""
    ocr: bool = True
    ocr_pages: int = 1_000_000
    """Pages that are recognised in one go; those after them are told as unread, to be asked for one by one."""
    page: int = 0
    """Only this page, recognised; 0 for the whole document."""
    ocr_dpi: int = 200

    @classmethod
    def of(cls, given: "Limits | Mapping[str, object] | None") -> "Limits":
        """Limits from a mapping of field names, unknown names ignored, or the defaults for None.

        Raises ValueError for a value that is not a positive number (or a boolean, for `ocr`).
        """
        if given is None or isinstance(given, Limits):
            return given or cls()
        chosen: dict[str, Any] = {}
        for f in fields(cls):
            value = given.get(f.name)
            if value is None:
                continue
            if f.name == "ocr":
                chosen[f.name] = bool(value)
            elif isinstance(value, int) and value > 0:
                chosen[f.name] = value
            else:
                raise ValueError(f"limit {f.name} must be a positive whole number")
        return cls(**chosen)
