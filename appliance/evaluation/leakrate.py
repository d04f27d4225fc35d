"""How many identifiers redaction still leaves: a random sample that a person searched, and a signed bound.

A unit is a block of redacted text as stored: a paragraph, heading, list item or table row, or the part of a long
one that stands in one passage. A simple random sample of a collection's published units is drawn without
replacement; a person marks in each which types of identifiers are still readable. The certificate gives, for
each type and for direct identifiers together, the share of blocks with a miss, observed and as the upper end of
the one-sided exact 95% interval of C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits
illustrated in the case of the binomial", Biometrika 26 (1934). Drawing without replacement makes it
conservative. It is the statistical part of an expert determination (45 CFR 164.514(b)(1)), not the whole of one.
"""

import math
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785
from sqlalchemy import insert, select, update

from appliance.documents.catalog import Catalog
from appliance.errors import NotFound, UsageError
from appliance.redaction.policy import DIRECT_TYPES
from appliance.search.chunk import Chunk
from appliance.search.store import ChunkStore
from appliance.storage.database import Database
from appliance.storage.tables import leak_item, leak_sample

CONFIDENCE = 0.95
HEADING = "appliance leak-rate certificate v1"
"""First line of a certificate: what the audit key signs here can be taken for no checkpoint."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample drawn from a collection, and how far it was searched."""

    id: str
    collection: str
    population: int
    size: int
    policies: tuple[str, ...]
    models: dict[str, str]
    created: str
    marked: int
    with_miss: int


@dataclass(frozen=True, slots=True)
class Block:
    """A sampled block: its redacted text, and the types a person still saw in it; None until they looked."""

    sample: str
    ordinal: int
    version: str
    title: str
    text: str = field(repr=False)
    misses: tuple[str, ...] | None


def upper_bound(misses: int, size: int, confidence: float = CONFIDENCE) -> float:
    """The largest share that is compatible with `misses` of `size`: P(X <= misses) = 1 - confidence for X ~ Bin.

    Raises ValueError for a size below 1 or misses outside it.
    """
    if size < 1 or not 0 <= misses <= size:
        raise ValueError("misses must lie in a sample of at least one")
    if misses == size:
        return 1.0
    low, high = misses / size, 1.0
    for _ in range(60):  # halves the interval below the precision of a float
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(misses, size, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(misses: int, size: int, share: float) -> float:
    """P(X <= misses) for X ~ Bin(size, share), 0 < share < 1."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    logs = [
        math.lgamma(size + 1) - math.lgamma(k + 1) - math.lgamma(size - k + 1)
        + k * math.log(share) + (size - k) * math.log1p(-share)
        for k in range(misses + 1)
    ]  # fmt: skip
    return math.fsum(math.exp(each) for each in logs)


def units(chunk: Chunk) -> list[tuple[int, int]]:
    """Start and end of the blocks in a chunk; header rows that are only repeated there are left out."""
    found: list[tuple[int, int, int]] = []
    for span in chunk.spans:
        if found and found[-1][0] == span.block:
            found[-1] = (span.block, found[-1][1], span.end)
        else:
            found.append((span.block, span.start, span.end))
    return [(start, end) for _, start, end in found if chunk.text[start:end].strip()]


class Samples:
    """The leak-rate samples of one home. Who may draw, see and mark is the caller's, and so is the record."""

    def __init__(self, database: Database, catalog: Catalog, store: ChunkStore) -> None:
        self._database = database
        self._catalog = catalog
        self._store = store

    def draw(self, collection: str, size: int, models: dict[str, str], person: str) -> Sample:
        """Draw `size` of a collection's published blocks. Raises UsageError when there are fewer."""
        versions = [each for each in self._catalog.documents([collection]) if each.status == "published"]
        population = [
            (version.id, chunk.id, start, end)
            for version in versions
            for chunk in self._store.of_version(version.id)
            for start, end in units(chunk)
        ]
        if not 1 <= size <= len(population):
            raise UsageError(f"the collection has {len(population)} published blocks", "Draw from 1 to that many")
        identifier = secrets.token_hex(8)
        drawn = random.SystemRandom().sample(population, size)
        row = {
            "id": identifier, "collection": collection, "population": len(population), "size": size,
            "policies": sorted({each.profile_digest for each in versions}), "models": models,
            "created": datetime.now(UTC).isoformat(timespec="seconds"), "created_by": person,
        }  # fmt: skip
        items = [
            {"sample": identifier, "ordinal": number, "version": version, "chunk": chunk, "start": start, "end": end,
             "misses": []}
            for number, (version, chunk, start, end) in enumerate(drawn, 1)
        ]  # fmt: skip
        with self._database.exclusive() as connection:
            connection.execute(insert(leak_sample).values(row))
            connection.execute(insert(leak_item), items)
        return self.get(identifier)

    def get(self, identifier: str) -> Sample:
        """A sample. Raises NotFound."""
        with self._database.transaction() as connection:
            row = connection.execute(select(leak_sample).where(leak_sample.c.id == identifier)).first()
            items = connection.execute(select(leak_item).where(leak_item.c.sample == identifier)).all()
        if row is None:
            raise NotFound("no such sample", "See `appliance leakrate list`")
        marked = [each for each in items if each.marked]
        return Sample(
            row.id, row.collection, row.population, row.size, tuple(row.policies), dict(row.models), row.created,
            len(marked), sum(bool(each.misses) for each in marked),
        )  # fmt: skip

    def of(self, collections: Iterable[str]) -> list[Sample]:
        """The samples of these collections, newest first."""
        at = leak_sample.c
        query = select(at.id).where(at.collection.in_(sorted(set(collections)))).order_by(at.created.desc(), at.id)
        with self._database.transaction() as connection:
            found = list(connection.execute(query).scalars())
        return [self.get(each) for each in found]

    def block(self, identifier: str, ordinal: int | None = None) -> Block | None:
        """A block of a sample by its number, or the first that nobody has searched; None when all are.

        Raises NotFound for another number, and when the document was erased since.
        """
        at = leak_item.c
        query = select(leak_item).where(at.sample == identifier).order_by(at.ordinal)
        query = query.where(at.marked.is_(None)) if ordinal is None else query.where(at.ordinal == ordinal)
        with self._database.transaction() as connection:
            row = connection.execute(query).first()
        if row is None:
            if ordinal is None:
                return None
            raise NotFound("no such block in the sample")
        stored = self._store.get([row.chunk]).get(row.chunk)
        if stored is None:
            raise NotFound("the document of this block is gone", "Draw another sample")
        text = stored.chunk.text[row.start : row.end]
        misses = tuple(row.misses) if row.marked else None
        return Block(identifier, row.ordinal, row.version, stored.chunk.title, text, misses)

    def mark(self, identifier: str, ordinal: int, misses: Sequence[str], person: str) -> Sample:
        """Say which types of identifiers are still readable in a block; saying it again replaces it."""
        at = leak_item.c
        now = datetime.now(UTC).isoformat(timespec="seconds")
        values = {"misses": sorted(set(misses)), "marked_by": person, "marked": now}
        with self._database.exclusive() as connection:
            block = (at.sample == identifier) & (at.ordinal == ordinal)
            if connection.execute(update(leak_item).where(block).values(values)).rowcount == 0:
                raise NotFound("no such block in the sample")
        return self.get(identifier)

    def figures(self, identifier: str) -> dict[str, Any]:
        """What the certificate says, as JSON. Raises UsageError while blocks are not searched."""
        sample = self.get(identifier)
        if sample.marked < sample.size:
            left = sample.size - sample.marked
            raise UsageError(f"{left} blocks are not searched yet", "Use `appliance leakrate mark` or the review page")
        with self._database.transaction() as connection:
            rows = connection.execute(select(leak_item).where(leak_item.c.sample == identifier)).all()
        by_type = Counter(type_ for row in rows for type_ in row.misses)
        direct = sum(bool(DIRECT_TYPES & set(row.misses)) for row in rows)
        types = sorted({*DIRECT_TYPES, *by_type})
        return {
            "sample": sample.id,
            "collection": sample.collection,
            "drawn": sample.created,
            "design": "simple random sample of blocks without replacement",
            "population_blocks": sample.population,
            "sample_blocks": sample.size,
            "method": "one-sided Clopper-Pearson",
            "confidence": CONFIDENCE,
            "per_1000_blocks": {
                "any_direct_identifier": _rates(direct, sample.size),
                "any_identifier": _rates(sum(bool(row.misses) for row in rows), sample.size),
                "by_type": {
                    each: {**_rates(by_type[each], sample.size), "direct": each in DIRECT_TYPES} for each in types
                },
            },
            "policies": list(sample.policies),
            "models": sample.models,
            "reviewers": sorted({row.marked_by for row in rows}),
        }


def certificate(figures: dict[str, Any], sign: Callable[[str], str]) -> str:
    """The signed certificate: a C2SP signed note of the heading and one line of canonical JSON (RFC 8785)."""
    return sign(f"{HEADING}\n{rfc8785.dumps(figures).decode()}\n")


def _rates(misses: int, size: int) -> dict[str, float | int]:
    return {
        "blocks": misses,
        "observed": round(1000 * misses / size, 3),
        "upper_95": round(1000 * upper_bound(misses, size), 3),
    }
