"""Old Office files (DOC, XLS, PPT): turned into new ones by LibreOffice, if it is installed, and then parsed.

LibreOffice runs shut in (`parser/office.py`): no network, no disk, no data of this machine. What it makes is
untrusted and goes through the parser's cage like any other file. Without LibreOffice these files are refused.
"""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

from appliance.documents.document import DocumentKind, Original
from appliance.documents.frames import UnreadableDocument

TARGETS = {
    "old_word": ("doc", "docx", "word"),
    "old_sheet": ("xls", "xlsx", "sheet"),
    "old_slides": ("ppt", "pptx", "slides"),
}
"""Kind -> its ending, the ending and the kind that it is turned into."""
PROGRAMS = ("soffice", "libreoffice")
LEGACY_EXIT = 71
WAIT_FACTOR = 3


def program() -> Path | None:
    """LibreOffice on this machine, or None."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    return Path(found).resolve() if found else None


def is_old(kind: str) -> bool:
    """Whether files of a kind need LibreOffice."""
    return kind in TARGETS


def renewed(original: Original, seconds: int) -> Original:
    """The document as a new Office file. Raises UnreadableDocument: `legacy` without LibreOffice or where it cannot
    be shut in, `limit` when it takes too long, `damaged` when it makes nothing of the file.
    """
    ending, target, kind = TARGETS[original.kind]
    found = program()
    if found is None:
        raise UnreadableDocument("legacy")
    command = (sys.executable, "-I", "-B", "-m", "appliance.parser.office", str(found), ending, target, str(seconds))
    try:
        done = subprocess.run(
            command, input=original.content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/",
            timeout=WAIT_FACTOR * seconds, check=False, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnreadableDocument("limit") from None
    if done.returncode == LEGACY_EXIT:
        raise UnreadableDocument("legacy")
    if done.returncode != 0 or not done.stdout:
        raise UnreadableDocument("damaged")
    return replace(original, kind=cast(DocumentKind, kind), content=done.stdout)
