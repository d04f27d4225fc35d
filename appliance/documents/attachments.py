"""Names of files that came inside other files: they say where a file was, and how deep.

`Letters.zip > Inbox.mbox > scan.pdf` is the scan of a mail in an archive. The parts before the last are cut
short, so that the whole fits the longest name that intake keeps and the depth can always be told.
"""

JOINT = " > "
MAX_DEPTH = 3
"""Files around a file: an archive in a mail in an archive is the end."""
MAX_OUTER = 40
MAX_OWN = 80
"""Characters of the parts of a name."""


def name_inside(outer: str, name: str) -> str:
    """The name of a file that is in the file called `outer`."""
    around = [part if len(part) <= MAX_OUTER else part[: MAX_OUTER - 1] + "\u2026" for part in outer.split(JOINT)]
    own = "".join(c for c in name.replace(JOINT, " ").replace("/", "_").replace("\\", "_") if c.isprintable())
    return JOINT.join([*around[-MAX_DEPTH - 1 :], own[-MAX_OWN:] or "attachment"])


def depth_of(name: str) -> int:
    """How many files are around the file of this name."""
    return name.count(JOINT)
