"""Supervisors' reviews and emergency access: operations as in `operations`, of which they are a part.

Who may is whoever has the right to audit; opening a question's words is recorded first.
"""

import base64
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance.access.emergency import CODES, FINDINGS, Emergency
from appliance.access.grants import Person
from appliance.assembly.acting import Events, name_of, names_of, person
from appliance.assembly.parts import Appliance
from appliance.audit import compliance, evidence_pack
from appliance.audit.events import AuditRead, EvidencePacked
from appliance.audit.supervision import Drawn, Filters
from appliance.errors import NotFound, Refused, UsageError

LOOKED_BACK = 20_000
"""Records that the dashboard looks through."""
LAST = ("anchor_written", "backup_made", "device_failed", "erasure_verified", "retention_applied", "report_made")


def supervision_draw(
    appliance: Appliance, operator: str, basis: str = "random", count: int = 10, user: str = "",
    filters: dict[str, str] | None = None,
) -> Events:  # fmt: skip
    """A sample of questions to review."""
    yield drawn(appliance, supervisor(appliance, person(appliance, operator, user)), basis, count, filters or {})


def supervisor(appliance: Appliance, who: Person) -> Person:
    """Somebody with the right to audit. Raises Refused."""
    appliance.access.require(who, "audit")
    return who


def drawn(appliance: Appliance, who: Person, basis: str, count: int, filters: dict[str, str]) -> dict[str, Any]:
    """Draw, and list what was drawn."""
    chosen = {name: str(value) for name, value in filters.items() if name in Filters.__slots__}
    if chosen.get("person"):
        chosen["person"] = _id_of(appliance, chosen["person"])
    if chosen.get("collection"):
        chosen["collection"] = appliance.catalog.collection(chosen["collection"]).id
    made = appliance.supervision.draw(basis, count, Filters(**chosen), who.id)
    return {"drawn": [drawn_json(appliance, each) for each in made]}


def supervision_list(appliance: Appliance, operator: str, user: str = "") -> Events:
    """Every question that was drawn."""
    who = supervisor(appliance, person(appliance, operator, user))
    yield reviews(appliance, who)


def reviews(appliance: Appliance, who: Person) -> dict[str, Any]:
    """Every question that was drawn, those to be reviewed first."""
    known = appliance.supervision.all()
    _read(appliance, who, [each.number for each in known], opened=False)
    return {"reviews": [drawn_json(appliance, each) for each in known]}


def supervision_show(appliance: Appliance, operator: str, record: str, user: str = "") -> Events:
    """A drawn question with its words, answer and evidence; opening it is recorded."""
    yield opened(appliance, supervisor(appliance, person(appliance, operator, user)), record)


def opened(appliance: Appliance, who: Person, record: str) -> dict[str, Any]:
    """A drawn question, its sealed parts opened."""
    one = appliance.supervision.one(record)
    numbers = related(appliance, one)
    _read(appliance, who, numbers, opened=True)
    intent, *rest = (next(appliance.log.records(number, number + 1)) for number in numbers)
    outcome = next((each for each in rest if each.kind == "answer_given"), None)
    shown = next((each for each in rest if each.kind == "passages_shown"), None)
    public = outcome.public if outcome else {}
    return {
        **drawn_json(appliance, one), "erased": intent.erased,
        "question": (intent.sealed or {}).get("question", ""), "reason": intent.public.get("reason", ""),
        "answer": (outcome.sealed or {}).get("answer", {}) if outcome else {},
        "quotes": (shown.sealed or {}).get("quotes", []) if shown else [],
        "versions": public.get("versions", []), "model": public.get("model", ""), "dropped": public.get("dropped", 0),
        "verification": public.get("verification", []), "records": numbers,
    }  # fmt: skip


def related(appliance: Appliance, one: Drawn) -> list[int]:
    """Numbers of a question's records, its intent first."""
    numbers = [one.number]
    for each in appliance.log.records(one.number + 1, opened=False):
        if each.public.get("intent") == one.record:
            numbers.append(each.index)
            if each.kind in ("answer_given", "question_refused"):
                break
    return numbers


def supervision_review(
    appliance: Appliance, operator: str, record: str, finding: str, note: str = "", user: str = ""
) -> Events:
    """What a reviewer found."""
    who = supervisor(appliance, person(appliance, operator, user))
    yield drawn_json(appliance, appliance.supervision.review(record, finding, note, who.id))


def supervision_pack(
    appliance: Appliance, operator: str, out: str, records: list[str] | None = None, user: str = ""
) -> Events:
    """Reviewed questions with their proofs, as JSON and PDF beside it."""
    made = packed(appliance, supervisor(appliance, person(appliance, operator, user)), records or [])
    target = Path(out)
    if target.exists() or target.with_suffix(".pdf").exists():
        raise UsageError(f"{target} is there already", "Name a new file")
    target.write_bytes(base64.b64decode(made["json"]))
    target.with_suffix(".pdf").write_bytes(base64.b64decode(made["pdf"]))
    yield {"path": out, "pdf": str(target.with_suffix(".pdf")), "sha256": made["sha256"], "records": made["records"]}


def packed(appliance: Appliance, who: Person, records: list[str]) -> dict[str, Any]:
    """An evidence pack of drawn questions (all that are reviewed, by default), base64 of JSON and PDF."""
    chosen = [each for each in appliance.supervision.all() if (each.record in records if records else each.reviewed)]
    if not chosen:
        raise UsageError("there is nothing to pack", "Review a question first, or name one that was drawn")
    numbers = [number for each in chosen for number in related(appliance, each)]
    _read(appliance, who, numbers, opened=True)
    findings = [drawn_json(appliance, each) for each in chosen]
    content = evidence_pack.pack(appliance.log, numbers, {"made_by": name_of(appliance, who.id), "reviews": findings})
    lines = [
        f"{each['time']} {each['person']}: {each['finding'] or 'not reviewed'} {each['note']}".strip()
        for each in findings
    ]
    pdf = evidence_pack.as_pdf(content, "Evidence pack: reviewed questions", lines)
    digest = evidence_pack.digest_of(content)
    appliance.log.append(EvidencePacked(records=len(set(numbers)), digest=digest, opened=True), actor=who.id)
    return {
        "json": base64.b64encode(content).decode(), "pdf": base64.b64encode(pdf).decode(), "sha256": digest,
        "records": len(set(numbers)),
    }  # fmt: skip


def drawn_json(appliance: Appliance, each: Drawn) -> dict[str, Any]:
    """A drawn question with who asked it, from its public record."""
    intent = next(appliance.log.records(each.number, each.number + 1, opened=False))
    names = names_of(appliance, {intent.actor, each.reviewed_by, each.drawn_by})
    return {
        **asdict(each), "time": intent.time, "person": names[intent.actor], "purpose": intent.public["purpose"],
        "reviewed_by": names[each.reviewed_by], "drawn_by": names[each.drawn_by],
    }  # fmt: skip


def emergency_open(
    appliance: Appliance, operator: str, code: str, reason: str, user: str = "", minutes: int = 60
) -> Events:
    """Emergency access, at once."""
    yield glass_broken(appliance, person(appliance, operator, user), code, reason, minutes)


def glass_broken(appliance: Appliance, who: Person, code: str, reason: str, minutes: int = 60) -> dict[str, Any]:
    """Break the glass. Raises Refused for whoever holds no grant for the purpose emergency."""
    if not appliance.access.may_break_glass(who):
        raise Refused("there is no emergency access for you", "Ask an administrator of the appliance")
    return emergency_json(appliance, appliance.emergencies.open(who, code, reason, minutes))


def emergency_end(appliance: Appliance, operator: str, user: str = "") -> Events:
    """The end of one's own emergency access."""
    appliance.emergencies.end(person(appliance, operator, user))
    yield {"open": False}


def emergency_list(appliance: Appliance, operator: str, user: str = "") -> Events:
    """Every emergency access."""
    who = supervisor(appliance, person(appliance, operator, user))
    _read(appliance, who, [], opened=True)
    yield emergencies(appliance)


def emergencies(appliance: Appliance) -> dict[str, Any]:
    """Every emergency access, those to be reviewed first, and how many are overdue."""
    known = [emergency_json(appliance, each) for each in appliance.emergencies.all()]
    return {
        "emergencies": known, "overdue": sum(each["overdue"] for each in known), "codes": CODES,
        "findings": list(FINDINGS),
    }  # fmt: skip


def waiting(appliance: Appliance) -> dict[str, Any]:
    """What waits for a second look, and when the log was last anchored, backed up and verified."""
    now, known = appliance.clock.now(), appliance.emergencies.all()
    last: dict[str, str] = {}
    size = appliance.log.size
    for record in appliance.log.records(max(0, size - LOOKED_BACK), opened=False):
        if record.kind in LAST:
            last[record.kind] = record.time
    return {
        "emergencies_waiting": sum(not each.reviewed for each in known),
        "emergencies_overdue": sum(each.overdue(now) for each in known),
        "emergencies_open": sum(each.is_open(now) for each in known),
        "questions_waiting": sum(not each.reviewed for each in appliance.supervision.all()),
        "holds_in_force": sum(not each.lifted for each in appliance.holds.all()),
        "records": size, "root": appliance.log.root().hex(), "key": appliance.log.verifier,
        "last": {name: last.get(name, "") for name in LAST}, "reports": compliance.names(),
    }  # fmt: skip


def note_reading(appliance: Appliance, who: Person) -> None:
    """Record that somebody reads what officers read."""
    _read(appliance, who, [], opened=True)


def emergency_review(
    appliance: Appliance, operator: str, emergency: str, finding: str, note: str = "", user: str = ""
) -> Events:
    """A second person's review."""
    who = supervisor(appliance, person(appliance, operator, user))
    yield emergency_json(appliance, appliance.emergencies.review(who, emergency, finding, note))


def emergency_json(appliance: Appliance, each: Emergency) -> dict[str, Any]:
    """An emergency access with names, and where it stands now."""
    names = names_of(appliance, {each.person, each.reviewed_by})
    now = appliance.clock.now()
    return {
        **asdict(each), "person": names[each.person], "reviewed_by": names[each.reviewed_by],
        "overdue": each.overdue(now), "open": each.is_open(now), "code_means": CODES[each.code],
    }  # fmt: skip


def _id_of(appliance: Appliance, login: str) -> str:
    try:
        return appliance.people.by_login(login).id
    except NotFound:
        return login  # an id, or somebody who has left


def _read(appliance: Appliance, who: Person, numbers: list[int], *, opened: bool) -> None:
    start, end = (min(numbers), max(numbers) + 1) if numbers else (0, appliance.log.size)
    event = AuditRead(start=start, end=end, opened=opened, filters={"for": "supervision"})
    appliance.log.append(event, actor=who.id, operator=who.operator)


OPERATIONS: dict[str, Callable[..., Events]] = {
    "supervision.draw": supervision_draw,
    "supervision.list": supervision_list,
    "supervision.show": supervision_show,
    "supervision.review": supervision_review,
    "supervision.pack": supervision_pack,
    "emergency.open": emergency_open,
    "emergency.end": emergency_end,
    "emergency.list": emergency_list,
    "emergency.review": emergency_review,
}
