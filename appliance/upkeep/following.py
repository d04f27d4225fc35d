"""Keep a collection in step with a folder: files that came, changed, moved or went.

1. Look at the folder: every regular file below it, links and hidden files left out.
2. Compare with what was seen last time, by place, size and time of change: unchanged files are not opened.
3. A new place with the content of one that went is a move: the document keeps its versions and its citations.
4. Decide what may be deleted. A file that is not there is not always a file that was deleted: nothing is deleted
   when the folder or a part of it cannot be read, or when the file system that a file was on is not there, and
   not when most files went at once, unless that is asked for.
5. Take in what is new or changed, move, delete; and remember what was seen.

`plan` is steps 1 to 4 and changes nothing; `follow` is all of it.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from appliance.access.grants import WriteGrant
from appliance.documents.catalog import Catalog
from appliance.documents.followed import Followed, FollowedFiles, Seen
from appliance.errors import Refused, Unavailable
from appliance.ingest import Rooms
from appliance.upkeep import ingestion
from appliance.upkeep.deletion import Holdings, delete_document

FEW = 5
"""This many files may always be deleted."""
MOST = 0.5
"""Larger shares of a folder than this are not deleted at once, unless asked for."""


@dataclass(frozen=True)
class Plan:
    """What follows from a look at a folder. Files are places below it; documents are ids."""

    new: dict[str, Seen] = field(default_factory=dict)
    changed: dict[str, Seen] = field(default_factory=dict)
    moved: dict[str, tuple[str, Seen]] = field(default_factory=dict)
    """The place now, and which document it is."""
    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Documents whose file is not there, which are not deleted all the same; `why` says why."""
    why: str = ""
    unchanged: int = 0


def look(folder: Path) -> tuple[dict[str, Seen], bool]:
    """Every regular file below `folder` by its place, and whether all of the folder could be read.

    Raises Unavailable when the folder itself is not there: that is no reason to delete anything.
    """
    found: dict[str, Seen] = {}
    whole = True
    pending = [folder]
    while pending:
        inside = pending.pop()
        try:
            entries = sorted(os.scandir(inside), key=lambda entry: entry.name)
        except OSError as error:
            if inside == folder:
                raise Unavailable(
                    f"the folder {folder} cannot be read ({error.strerror})",
                    "Nothing was changed; mount it, or check it",
                ) from error
            whole = False
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:
                whole = False
                continue
            if stat.S_ISDIR(facts.st_mode):
                pending.append(Path(entry.path))
            elif stat.S_ISREG(facts.st_mode):
                place = str(Path(entry.path).relative_to(folder))
                found[place] = Seen(facts.st_size, str(facts.st_mtime_ns), f"{facts.st_dev:x}")
    return found, whole


def plan(
    catalog: Catalog, files: FollowedFiles, collection: str, folder: Path, *, delete_many: bool = False,
    settled_seconds: float = 0.0,
) -> Plan:  # fmt: skip
    """What to do so that `collection` (its id) is in step with `folder`. Raises Unavailable as `look`.

    Files that changed in the last `settled_seconds` may still be written: they are left for the next time.
    """
    there, whole = look(folder)
    known = {each.name_mac: each for each in files.of(collection, str(folder))}
    macs = {catalog.name_mac(collection, place): place for place in there}
    unchanged = {mac for mac in macs.keys() & known.keys() if there[macs[mac]] == known[mac].seen}
    changed = {macs[mac]: there[macs[mac]] for mac in sorted((macs.keys() & known.keys()) - unchanged)}
    new = {place: there[place] for mac, place in macs.items() if mac not in known}
    since = time.time_ns() - int(settled_seconds * 1e9)
    new, changed = ({p: seen for p, seen in some.items() if int(seen.changed) <= since} for some in (new, changed))
    went = [each for mac, each in known.items() if mac not in macs]
    moved = _moves(catalog, files, collection, folder, new, went)
    for place in moved:
        del new[place]
    followed = {document for document, _ in moved.values()}
    went = [each for each in went if each.document not in followed]
    gone, kept, why = _deletions(went, there, len(known), whole, delete_many)
    return Plan(new, changed, moved, gone, kept, why, len(unchanged))


def follow(
    rooms: Rooms, held: Holdings, files: FollowedFiles, grant: WriteGrant, folder: Path, decided: Plan, threads: int
) -> Iterator[ingestion.News]:
    """Do what was decided; yields the news of files taken in. Deletions come last: what moved is safe by then. What
    a hold is on stays.

    Raises what `ingestion.run` raises; then the next run finds what is left to do.
    """
    collection = grant.collection
    for place, (document, seen) in decided.moved.items():
        if files.move(document, rooms.catalog.name_mac(collection, place)):
            files.note(collection, str(folder), document, seen)
    wanted = {**decided.new, **decided.changed}
    taking = [ingestion.File(folder / place, place) for place in sorted(wanted)]
    for news in ingestion.run(rooms, grant, taking, threads):
        if news.outcome is not None and news.outcome.document and news.position:
            files.note(collection, str(folder), news.outcome.document, wanted[taking[news.position - 1].place])
        yield news
    for document in decided.gone:
        with suppress(Refused):
            delete_document(held, document, actor=grant.person, reason="its file left the folder")


def _moves(
    catalog: Catalog, files: FollowedFiles, collection: str, folder: Path, new: dict[str, Seen], went: list[Followed]
) -> dict[str, tuple[str, Seen]]:
    """New places whose content is that of a document whose file went."""
    sizes = {each.seen.bytes for each in went}
    contents = files.contents(each.document for each in went) if went else {}
    moved: dict[str, tuple[str, Seen]] = {}
    for place, seen in new.items():
        if seen.bytes in sizes and (digest := _digest(folder / place)):
            document = contents.pop(catalog.content_mac(collection, digest), None)
            if document is not None:
                moved[place] = document, seen
    return moved


def _deletions(
    went: list[Followed], there: dict[str, Seen], known: int, whole: bool, delete_many: bool
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Documents to delete, documents to keep although their file is not there, and why they are kept."""
    everything = tuple(each.document for each in went)
    if not went:
        return (), (), ""
    if not whole:
        return (), everything, "a part of the folder could not be read"
    mounted = {seen.device for seen in there.values()}
    absent = tuple(each.document for each in went if each.seen.device not in mounted)
    gone = tuple(each.document for each in went if each.seen.device in mounted)
    if delete_many:
        return everything, (), ""
    if absent:
        why = "the file system they were on is not there"
        return gone if len(gone) <= max(FEW, MOST * known) else (), absent, why
    if len(gone) > max(FEW, MOST * known):
        return (), gone, f"{len(gone)} of {known} files went at once; if that is meant, add --delete-many"
    return gone, (), ""


def _digest(path: Path) -> str:
    """SHA-256 of a file, empty when it cannot be read: then it is taken in like any other, and says why."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
