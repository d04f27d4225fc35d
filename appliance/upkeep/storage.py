"""Do catalog, chunks, index, originals and page images agree? Both ways, and made to agree on request.

The catalog is the truth on what there is, the sealed chunks on what a document says. The index is derived from
the chunks. Originals, images and keys that no version owns are what a kill left in the middle of a deletion.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from appliance.documents.files import left_behind
from appliance.search.embedding import Embedder
from appliance.search.lexical import Lexicon
from appliance.search.rebuild import compare, rebuild
from appliance.storage.tables import version
from appliance.upkeep import deletion
from appliance.upkeep.deletion import Holdings

TEXT = ("indexed", "published", "retired")
"""States in which a version has chunks."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What one part has and another lacks. `owners` are ids of versions or files; `lost` cannot be made again."""

    name: str
    detail: str
    owners: tuple[str, ...]
    lost: bool = False


def examine(held: Holdings, home: Path) -> list[Disagreement]:
    """Every comparison, in order; one with no owners agrees. Changes nothing."""
    statuses, counted = _catalog(held)
    stored = held.store.ids()
    difference = compare(held.index, held.store)
    originals, pages = _names(home / "originals"), _names(home / "pages")
    waiting = {each for each, status in statuses.items() if status in ("received", "indexed")}
    short = [v for v, status in statuses.items() if status in TEXT and counted[v] != len(stored.get(v, ()))]
    half = [*left_behind(home / "originals"), *left_behind(home / "pages")]
    return [
        _found("index: chunks missing", "versions whose chunks the index lacks", difference.short),
        _found("index: chunks too many", "chunks that no version has", difference.surplus),
        _found("catalog: chunks missing", "versions that lack chunks they should have", short, lost=True),
        _found("originals: missing", "unfinished versions without original", waiting - originals, lost=True),
        _found("originals: too many", "originals that no version owns", originals - statuses.keys()),
        _found("pages: too many", "page images that no version owns", pages - statuses.keys()),
        _found("files: half written", "files that a kill left", [file.name for file in half]),
        _found("deletions: cut off", "documents hidden, not yet gone", held.catalog.deletions.begun()),
    ]


def repair(
    held: Holdings, home: Path, embedder: Callable[[], Embedder], lexicon: Lexicon, *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Disagreement]:  # fmt: skip
    """Make everything agree that can be; returns what was found before. To be called when nothing is taken in.

    A published version that lost chunks becomes work again where its original is kept: until it is done it is not
    visible, never half visible.
    """
    found = examine(held, home)
    deletion.complete(held)
    for each in found:
        if each.name == "originals: too many":
            for owner in each.owners:
                held.originals.delete(owner)
        elif each.name == "pages: too many":
            for owner in each.owners:
                held.pages.delete(owner)
                held.catalog.forget_key(owner)
        elif each.name == "catalog: chunks missing":
            labels = {held.catalog.take_back(owner) for owner in each.owners if held.originals.kept(owner)}
            for label in labels:
                held.store.recount(label)
    held.originals.sweep()
    held.pages.sweep()
    if not compare(held.index, held.store).agrees:
        rebuild(held.index, held.store, embedder(), lexicon, held.database, progress)
    return found


def _found(name: str, detail: str, owners: Iterable[str], *, lost: bool = False) -> Disagreement:
    return Disagreement(name, detail, tuple(sorted(owners)), lost)


def _catalog(held: Holdings) -> tuple[dict[str, str], dict[str, int]]:
    """Status and number of chunks of every version."""
    with held.database.transaction() as connection:
        rows = connection.execute(select(version.c.id, version.c.status, version.c.chunks)).all()
    return {row.id: row.status for row in rows}, {row.id: row.chunks for row in rows}


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")} if folder.is_dir() else set()
