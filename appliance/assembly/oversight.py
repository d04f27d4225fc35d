"""What officers and auditors ask of an open appliance: operations as in `operations`, of which they are a part.

Whatever reads the log is recorded, before what it read is shown.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance import replay as replays
from appliance.access.grants import Person, Purpose
from appliance.assembly.acting import Events, name_of, names_of, person, purpose_of
from appliance.assembly.parts import Appliance
from appliance.audit import anchoring, compliance
from appliance.audit.checkpoint import Verifier
from appliance.audit.events import (
    AnchorChecked,
    AnchorWritten,
    DisclosuresListed,
    ReportMade,
)
from appliance.errors import IntegrityFailure, NotFound, UsageError
from appliance.redaction.surrogates import PERSON
from appliance.upkeep import disclosures, erasures


def audit_replay(
    appliance: Appliance, operator: str, record: str, user: str = "", purpose: str = "", rerun: bool = True
) -> Events:
    """An answer re-created from its sealed record."""
    yield replayed(appliance, person(appliance, operator, user), purpose_of(purpose), record, rerun=rerun)


def replayed(appliance: Appliance, who: Person, why: Purpose, record: str, *, rerun: bool) -> dict[str, Any]:
    """A replay as JSON."""
    found = replays.replay(appliance.asking, appliance.store, who, why, record, rerun=rerun)
    intent, outcome = found.intent, found.outcome
    sealed = outcome.sealed or {}
    return {
        "record": outcome.id, "index": outcome.index, "intent": intent.id, "time": outcome.time,
        "asked_by": name_of(appliance, intent.actor), "purpose": intent.public["purpose"],
        "status": outcome.public["status"],
        "question": (intent.sealed or {}).get("question", ""), "versions": outcome.public["versions"],
        "model": outcome.public["model"], "model_digest": outcome.public["model_digest"],
        "policy_digest": intent.public["policy_digest"], "redaction_digests": outcome.public["redaction_digests"],
        "prompt_digest": outcome.public["prompt_digest"], "prompt": sealed.get("prompt", ""),
        "draft": sealed.get("draft", ""), "answer": sealed.get("answer", {}),
        "kept": asdict(found.kept), "rebuilt": asdict(found.rebuilt), "text": asdict(found.text),
    }  # fmt: skip


def audit_anchor(appliance: Appliance, operator: str, places: list[str] | None = None) -> Events:
    """The log compared with the checkpoints of places outside, then a new one written to each."""
    wanted = [Path(each) for each in places or appliance.settings.anchor_folders]
    if not wanted:
        raise UsageError("no place to anchor to", "Name a folder, or set anchor_folders")
    witnesses = tuple(Verifier.parse(each) for each in appliance.settings.witnesses)
    done = []
    for place in wanted:
        done.append({"place": str(place), **anchored(appliance, operator, place, witnesses)})
        yield done[-1]
    yield {"anchors": done}


def anchored(appliance: Appliance, actor: str, place: Path, witnesses: tuple[Verifier, ...]) -> dict[str, Any]:
    """One place. What the comparison found is recorded, a log that was rolled back above all."""
    try:
        made = anchoring.anchor(appliance.log, place, witnesses)
    except IntegrityFailure:
        appliance.log.append(AnchorChecked(size=appliance.log.size, place=str(place), ok=False), actor=actor)
        raise
    appliance.log.append(AnchorChecked(size=made.longest, place=str(place), ok=True), actor=actor)
    appliance.log.append(AnchorWritten(size=made.size, place=str(place), cosigned=made.cosigned), actor=actor)
    return {"file": str(made.file), "records": made.size, "compared": made.compared, "cosigned": made.cosigned}


def audit_disclosures(
    appliance: Appliance, operator: str, surrogate: str = "", name: str = "", collection: str = "", user: str = "",
    purpose: str = "operations", since: str = "", until: str = "",
) -> Events:  # fmt: skip
    """The accounting of disclosures of one person."""
    who, why = person(appliance, operator, user), purpose_of(purpose)
    yield accounting(appliance, who, why, surrogate, name, collection, since, until)


def accounting(
    appliance: Appliance, who: Person, why: Purpose, surrogate: str, name: str, collection: str = "",
    since: str = "", until: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Who saw a person's data, by surrogate, or by name where `who` may find people by name for that purpose.

    Raises Refused without the right to audit; a name that is unknown and one that may not be looked for give the
    same empty accounting.
    """
    appliance.access.require(who, "audit")
    if bool(surrogate) == bool(name):
        raise UsageError("an accounting is for one surrogate or one name", "Give one of them")
    subjects = _by_name(appliance, who, why, name, collection) if name else _by_mark(appliance, surrogate, collection)
    end = f"{until}~" if until else "~"
    found = disclosures.of(appliance.log.raw(), appliance.keys, appliance.database, subjects, since, end)
    event = DisclosuresListed(
        domain=",".join(sorted({domain for domain, _ in subjects})), by_name=bool(name), disclosures=len(found),
        purpose=why.value, surrogates=[mark for _, mark in subjects],
    )  # fmt: skip
    receipt = appliance.log.append(event, actor=who.id, operator=who.operator)
    names = names_of(appliance, {each.person for each in found})
    return {
        "surrogates": [mark for _, mark in subjects],
        "disclosures": [{**asdict(each), "person": names[each.person]} for each in found],
        "in_the_clear": sum(each.in_the_clear for each in found),
        "accountable": sum(each.accountable for each in found),
        "record": receipt.index,
    }


def _by_mark(appliance: Appliance, surrogate: str, collection: str) -> list[tuple[str, str]]:
    if collection:
        return [(appliance.catalog.collection(collection).id, surrogate)]
    try:
        return [(erasures.domain_of(appliance.database, surrogate), surrogate)]
    except UsageError:
        raise
    except NotFound:  # erased: its records still tell
        return [(each.id, surrogate) for each in appliance.catalog.collections.all()]


def _by_name(appliance: Appliance, who: Person, why: Purpose, name: str, collection: str) -> list[tuple[str, str]]:
    found = []
    for domain in sorted(appliance.access.readable(who, why, collection or None).collections):
        marks = appliance.vault.lookup(domain, PERSON, name)
        if appliance.access.readable(who, why, domain).search_by_identity:
            found += [(domain, mark) for mark in marks]
    return found


def compliance_report(
    appliance: Appliance, operator: str, name: str, since: str = "", until: str = "", user: str = ""
) -> Events:
    """A compliance report, each line checked against the records now."""
    yield reported(appliance, person(appliance, operator, user).id if user else operator, name, since, until)


def reported(appliance: Appliance, actor: str, name: str, since: str, until: str) -> dict[str, Any]:
    """A compliance report as JSON."""
    made = compliance.report(appliance.log, name, since, f"{until}~" if until else "~")
    held = sum(line.state != "open" for line in made.lines)
    appliance.log.append(ReportMade(report=name, controls=len(made.lines), held=held), actor=actor)
    return {
        "report": made.name, "title": made.title, "from": since, "to": until, "log_records": made.size,
        "root": made.root, "ok": held == len(made.lines), "lines": [asdict(line) for line in made.lines],
        "facts": made.facts,
    }  # fmt: skip


OPERATIONS: dict[str, Callable[..., Events]] = {
    "audit.replay": audit_replay,
    "audit.anchor": audit_anchor,
    "audit.disclosures": audit_disclosures,
    "audit.compliance": compliance_report,
}
