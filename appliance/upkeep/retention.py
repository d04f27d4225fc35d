"""How long what is kept: a schedule by class of data, carried out once a day. A legal hold beats it (I9).

The schedule is `policies/retention.yaml`, days by class; a class without days is kept for good.

    documents     published documents, by the day they were published; for one collection: `documents: {ward: 3650}`
    originals     the encrypted originals of published documents; the redacted text stays
    questions     the sealed parts of questions and answers in the log; ids, digests and proofs stay for good
    wordings      the original words of questions that held identifiers
    sign_ins      what was typed as a login at failed sign-ins
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from appliance.audit.events import RetentionApplied
from appliance.audit.record import Record, decode, own_scope
from appliance.documents.catalog import Version
from appliance.documents.holds import Held, Holds
from appliance.errors import UsageError
from appliance.redaction.wordings import Wordings
from appliance.upkeep import deletion
from appliance.upkeep.deletion import Holdings

CLASSES = ("documents", "originals", "questions", "wordings", "sign_ins")
KINDS = {
    "questions": frozenset({"question_asked", "passages_shown", "answer_given", "searched_by_identity"}),
    "sign_ins": frozenset({"sign_in_failed"}),
}
Days = Mapping[str, int | Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one class: how much was erased (or would be), and how much a hold kept."""

    name: str
    days: int
    erased: int
    held: int = 0
    of: tuple[str, ...] = field(default=(), repr=False)


def load(policies: Path) -> dict[str, Any]:
    """The schedule. Raises UsageError for an unknown class or a number of days that is none."""
    file = policies / "retention.yaml"
    if not file.is_file():
        return {}
    try:
        found = yaml.safe_load(file.read_text("utf-8")) or {}
        days = dict(found.get("days", {}))
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"{file.name} cannot be read", "See policies/README.md") from error
    for name, value in days.items():
        numbers = list(value.values()) if isinstance(value, dict) and name == "documents" else [value]
        if name not in CLASSES or not all(isinstance(each, int) and each > 0 for each in numbers):
            raise UsageError(f"retention of {name!s:.40} is no number of days", f"Use {', '.join(CLASSES)}")
    return days


def apply(held: Holdings, holds: Holds, days: Days, now: datetime, *, dry: bool = False) -> list[Applied]:
    """Erase what is older than its class allows; with `dry`, only say what would be. Each class is recorded."""
    done: list[Applied] = []
    for name, value in days.items():
        if name == "documents":
            known = {each.name: each.id for each in held.catalog.collections.all()}
            wanted = value if isinstance(value, Mapping) else dict.fromkeys(known, value)
            rules = [(known[key], number) for key, number in wanted.items() if key in known]
            done += [_documents(held, collection, number, now, dry) for collection, number in rules]
        elif name == "originals":
            done.append(_originals(held, holds, int(str(value)), now, dry))
        elif name == "wordings":
            done.append(_wordings(held, int(str(value)), now, dry))
        else:
            done.append(_sealed(held, holds, name, int(str(value)), now, dry))
    for each in done if not dry else ():
        if each.erased or each.held:
            event = RetentionApplied(class_of_data=each.name, days=each.days, erased=each.erased, held=each.held)
            held.log.append(event, actor="system")
    return done


def _documents(held: Holdings, collection: str, days: int, now: datetime, dry: bool) -> Applied:
    erased, kept = [], 0
    for version in _before(held.catalog.documents({collection}), now, days):
        if not dry:
            try:
                deletion.delete_document(held, version.document, actor="system", reason="retention")
            except Held:
                kept += 1
                continue
        erased.append(version.document)
    return Applied("documents", days, len(erased), kept, tuple(erased))


def _originals(held: Holdings, holds: Holds, days: int, now: datetime, dry: bool) -> Applied:
    collections, versions = holds.held_places()
    everything = held.catalog.documents({each.id for each in held.catalog.collections.all()})
    due = [each for each in _before(everything, now, days) if held.originals.kept(each.id)]
    free = [each.id for each in due if each.collection not in collections and each.id not in versions]
    for version in free if not dry else ():
        held.draw(held.catalog.version(version))
        held.originals.delete(version)
    return Applied("originals", days, len(free), len(due) - len(free), tuple(free))


def _sealed(held: Holdings, holds: Holds, name: str, days: int, now: datetime, dry: bool) -> Applied:
    collections, versions = holds.held_places()
    limit = (now - timedelta(days=days)).isoformat()
    by_intent: dict[str, list[str]] = {}
    touched: set[str] = set()
    for record in _old(held, limit, KINDS[name]):
        intent = str(record.public.get("intent") or record.id)
        by_intent.setdefault(intent, []).append(own_scope(record.id))
        if versions & {*record.public.get("versions", ())} or collections & {*record.public.get("collections", ())}:
            touched.add(intent)
    free = [scope for intent, scopes in by_intent.items() if intent not in touched for scope in scopes]
    destroyed = len(free) if dry else held.keys.destroy_all(free)
    return Applied(name, days, destroyed, sum(len(by_intent[intent]) for intent in touched), tuple(free))


def _wordings(held: Holdings, days: int, now: datetime, dry: bool) -> Applied:
    limit = (now - timedelta(days=days)).astimezone(UTC).isoformat()
    kept = Wordings(held.database, held.keys)
    return Applied("wordings", days, kept.count_before(limit) if dry else kept.erase_before(limit))


def _old(held: Holdings, limit: str, kinds: frozenset[str]) -> Iterator[Record]:
    for data in held.log.raw():
        record = decode(data, None)
        if record.time >= limit:
            return
        if record.kind in kinds:
            yield record


def _before(versions: Iterable[Version], now: datetime, days: int) -> list[Version]:
    limit = (now - timedelta(days=days)).astimezone(UTC).isoformat()
    return [each for each in versions if each.published and each.published < limit]
