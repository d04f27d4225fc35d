"""What an officer asks the log: how many questions, by whom, for which purpose, with what outcome.

Counts come from the public parts alone, so a report needs no key and erasure does not change it. Each row
names the records that prove it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.audit.record import Record

UNFINISHED = "no outcome"
OUTCOMES = ("answer_given", "question_refused")


@dataclass(frozen=True, slots=True)
class Row:
    """Questions of one person for one purpose with one status. `records` are the indices of their intents,
    or, for those refused before an intent, of the refusals."""

    actor: str
    purpose: str
    status: str
    records: tuple[int, ...]

    @property
    def questions(self) -> int:
        """How many."""
        return len(self.records)


def questions(records: Iterable[Record], since: str = "", until: str = "~") -> list[Row]:
    """Questions put from `since` (inclusive) to `until` (exclusive), ISO 8601 UTC, sorted by person.

    Pass records beyond `until` too: the outcome of a question may come after it. An intent whose outcome
    is in none of them has the status `no outcome`.
    """
    asked: dict[str, Record] = {}
    status: dict[str, str] = {}
    rows: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for record in records:
        inside = since <= record.time < until
        if record.kind == "question_asked" and inside:
            asked[record.id] = record
        elif record.kind in OUTCOMES:
            if record.public.get("intent") in asked:
                status[record.public["intent"]] = str(record.public.get("status", "refused"))
            elif record.kind == "question_refused" and not record.public["intent"] and inside:
                rows[record.actor, record.public["purpose"], "refused"].append(record.index)
    for id_, record in asked.items():
        rows[record.actor, record.public["purpose"], status.get(id_, UNFINISHED)].append(record.index)
    return [Row(*key, tuple(indices)) for key, indices in sorted(rows.items())]
