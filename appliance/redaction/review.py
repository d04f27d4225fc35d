"""What a person has to look at before a document is published, and what they decided.

Stored are offsets, types and decisions: the reviewer's view parses the encrypted original again. Who may
decide, and the audit record of a decision, belong to the caller.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import delete, insert, select, update

from appliance.errors import NotFound, UsageError
from appliance.redaction.findings import Finding, Findings
from appliance.redaction.policy import Profile
from appliance.storage.database import Database
from appliance.storage.tables import review

Decision = Literal["accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A span of a quarantined version that waits for a person; offsets as in `Finding`."""

    id: int
    version: str
    block: int
    start: int
    end: int
    type: str
    score: float


def risk(findings: Findings, profile: Profile) -> float:
    """How many of a document's unsure spans are to be expected to be decided wrongly: each is covered, and its
    score is taken as the probability that it should be."""
    return sum(1 - item.score for item in findings.items if item.review and profile.rule(item.type))


def reasons_for_review(findings: Findings, profile: Profile) -> str:
    """Why a person has to see the document before it is published, without text of it; empty when nobody has to:
    there is no unsure span, or their risk is not above the profile's `hold_above`."""
    unsure = [item for item in findings.items if item.review and profile.rule(item.type)]
    if not unsure or risk(findings, profile) <= profile.hold_above:
        return ""
    types = ", ".join(sorted({item.type for item in unsure}))
    spans = "span" if len(unsure) == 1 else "spans"
    return f"detection was unsure of {len(unsure)} {spans} ({types}) under the profile {profile.name}"


def needs_review(findings: Findings, profile: Profile) -> bool:
    """Whether a person has to see the document before it is published."""
    return bool(reasons_for_review(findings, profile))


class Reviews:
    """The spans of one home that wait, and the decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(self, version: str, findings: Findings) -> int:
        """Queue the unsure spans of a version in the place of what was queued; decisions stay. How many wait."""
        unsure = {_place(item): item for item in findings.items if item.review}
        with self._database.exclusive() as connection:
            connection.execute(delete(review).where(review.c.version == version, review.c.decision == ""))
            decided = connection.execute(select(review).where(review.c.version == version)).all()
            for place in {(row.block, row.start, row.end) for row in decided}:
                unsure.pop(place, None)
            for item in unsure.values():
                connection.execute(insert(review).values(_row(version, item)))
        return len(unsure)

    def settled(self, version: str, findings: Findings) -> Findings:
        """`findings` of a version read again, with a person's decisions in force: accepted spans are sure, of
        the type the person gave; rejected ones are no identifiers; added ones are findings of the person."""
        query = select(review).where(review.c.version == version, review.c.decision != "")
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        decided = {(row.block, row.start, row.end): row for row in rows if row.decision != "added"}
        items = [
            Finding(row.block, row.start, row.end, row.type, 1.0, "reviewer") for row in rows if row.decision == "added"
        ]
        for item in findings.items:
            row = decided.get(_place(item)) if item.review else None
            if row is None:
                items.append(item)
            elif row.decision == "accepted":
                items.append(replace(item, type=row.type, review=False))
        return replace(findings, items=tuple(items))

    def cleared(self, version: str) -> list[tuple[int, int, int]]:
        """(block, start, end) of the spans of which a person said that they identify nobody."""
        at = review.c
        query = select(at.block, at.start, at.end).where(at.version == version, at.decision == "rejected")
        with self._database.transaction() as connection:
            return [(row.block, row.start, row.end) for row in connection.execute(query)]

    def inherit(self, version: str, successor: str) -> int:
        """Let the decisions on a version hold for another that has the same content. How many there were."""
        query = select(review).where(review.c.version == version, review.c.decision != "")
        with self._database.exclusive() as connection:
            connection.execute(delete(review).where(review.c.version == successor))
            rows = [dict(row) for row in connection.execute(query).mappings()]
            for row in rows:
                del row["id"]
                connection.execute(insert(review).values({**row, "version": successor}))
        return len(rows)

    def add(self, version: str, block: int, start: int, end: int, type_: str, person: str) -> int:
        """Record a span that detection missed and a person found. Its id."""
        row = {
            "version": version, "block": block, "start": start, "end": end, "type": type_, "score": 1.0,
            "decision": "added", "decided_by": person, "decided": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        with self._database.exclusive() as connection:
            return int(connection.execute(insert(review).values(row).returning(review.c.id)).scalar_one())

    def find(self, identifier: int) -> Waiting:
        """A span that waits or was decided. Raises NotFound."""
        with self._database.transaction() as connection:
            row = connection.execute(select(review).where(review.c.id == identifier)).first()
        if row is None:
            raise NotFound("no such span to review")
        return Waiting(row.id, row.version, row.block, row.start, row.end, row.type, row.score)

    def ready(self) -> list[str]:
        """Versions of which every span was decided; those that still are in quarantine can be taken up."""
        open_ = select(review.c.version).where(review.c.decision == "")
        query = select(review.c.version).where(review.c.version.not_in(open_)).distinct().order_by(review.c.version)
        with self._database.transaction() as connection:
            return list(connection.execute(query).scalars())

    def waiting(self, version: str | None = None) -> list[Waiting]:
        """Undecided spans, of one version or of all, the least sure first."""
        query = select(review).where(review.c.decision == "").order_by(review.c.score, review.c.id)
        if version is not None:
            query = query.where(review.c.version == version)
        with self._database.transaction() as connection:
            return [
                Waiting(row.id, row.version, row.block, row.start, row.end, row.type, row.score)
                for row in connection.execute(query)
            ]

    def decide(self, identifier: int, decision: Decision, person: str, *, type_: str = "") -> int:
        """Record a person's decision on a span, with another type if they gave one.

        How many spans of that version still wait. Raises NotFound, or UsageError when it is decided already.
        """
        values = {"decision": decision, "decided_by": person, "decided": datetime.now(UTC).isoformat()}
        if type_:
            values["type"] = type_
        with self._database.exclusive() as connection:
            row = connection.execute(select(review).where(review.c.id == identifier)).first()
            if row is None:
                raise NotFound("no such span to review")
            if row.decision:
                raise UsageError("this span is decided already", "Reload the page")
            connection.execute(update(review).where(review.c.id == identifier).values(values))
            left = select(review.c.id).where(review.c.version == row.version, review.c.decision == "")
            return len(connection.execute(left).all())


def _place(item: Finding) -> tuple[int, int, int]:
    return item.block, item.start, item.end


def _row(version: str, item: Finding) -> dict[str, object]:
    return {
        "version": version,
        "block": item.block,
        "start": item.start,
        "end": item.end,
        "type": item.type,
        "score": item.score,
    }
