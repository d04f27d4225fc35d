"""What a writer returns, and the fixed facts that all formats share."""

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime

from generator.people import Mention

WRITTEN_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""The creation time in every file's metadata."""


@dataclass(frozen=True)
class Written:
    """A finished file and its mentions by page: sheets and slides are pages, 0 is the file's metadata."""

    content: bytes
    mentions: tuple[tuple[int, Mention], ...]


def stable_zip(content: bytes) -> bytes:
    """The same archive with sorted members, fixed times and no compression."""
    stamp = WRITTEN_AT.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 0
            new.writestr(info, data)
    return out.getvalue()
