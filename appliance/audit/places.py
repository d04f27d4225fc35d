"""Reading the anchors that lie in a folder, without trusting it."""

from pathlib import Path

from appliance.errors import Unavailable

MOST_BYTES = 64 * 1024
ANCHORS = ("checkpoint-*.txt", "cosigned-*.txt")


def notes_in(place: Path, origin: str, *patterns: str) -> list[str]:
    """The checkpoints of the log `origin` in a folder, unverified, in order of their names.

    Raises Unavailable when the folder is not there or cannot be read.
    """
    try:
        if not place.is_dir():
            raise Unavailable(f"{place} is no folder", "Mount the stick or the share, or name another")
        files = sorted(file for pattern in patterns or ANCHORS for file in place.glob(pattern))
        texts = [file.read_bytes()[:MOST_BYTES].decode("utf-8", "replace") for file in files]
    except OSError as error:
        raise Unavailable(f"{place} cannot be read ({error.strerror})", "Mount it, or name another") from error
    return [text for text in texts if text.startswith(f"{origin}\n")]
