"""Holds, erasure, retention, backups: operations as in `operations`, of which they are a part."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.assembly import labelling
from appliance.assembly.acting import Events
from appliance.assembly.parts import Appliance
from appliance.audit.events import BackupMade, HoldChanged
from appliance.documents.holds import Hold
from appliance.upkeep import backup as backups
from appliance.upkeep import erase, erasures, retention


def hold_place(appliance: Appliance, operator: str, kind: str, target: str, reason: str) -> Events:
    """A legal hold, in force from now on."""
    made = appliance.holds.place(kind, target, reason, operator)
    event = HoldChanged(change="placed", hold=made.id, of=made.kind, target=made.target, reason=reason)
    appliance.log.append(event, actor=operator)
    labelling.follow_hold(appliance, made, operator)
    yield hold_json(made)


def hold_lift(appliance: Appliance, operator: str, hold: str) -> Events:
    """The end of a legal hold, recorded before it ends."""
    known = next((each for each in appliance.holds.all() if each.id == hold), None)
    if known is not None and not known.lifted:
        event = HoldChanged(change="lifted", hold=known.id, of=known.kind, target=known.target)
        appliance.log.append(event, actor=operator)
    lifted = appliance.holds.lift(hold, operator)
    labelling.follow_hold(appliance, lifted, operator)
    yield hold_json(lifted)


def hold_list(appliance: Appliance, operator: str) -> Events:
    """Every legal hold."""
    yield {"holds": [hold_json(each) for each in appliance.holds.all()]}


def hold_json(hold: Hold) -> dict[str, Any]:
    """A hold, with its reason."""
    return asdict(hold)


def erase_document(appliance: Appliance, operator: str, document: str, reason: str = "request") -> Events:
    """A document forgotten, with a certificate."""
    yield erasure_json(erase.erase_document(appliance.holdings, document, actor=operator, reason=reason))


def erase_person(
    appliance: Appliance, operator: str, surrogate: str, collection: str = "", reason: str = "request"
) -> Events:
    """A person forgotten in one collection, with a certificate; without a collection, in the one that has them."""
    domain = (
        appliance.catalog.collection(collection).id if collection else erasures.domain_of(appliance.database, surrogate)
    )
    done = erase.erase_person(appliance.holdings, appliance.holds, domain, surrogate, actor=operator, reason=reason)
    yield erasure_json(done)


def erasure_json(done: erase.Erasure) -> dict[str, Any]:
    """An erasure with its certificate's text."""
    return {
        "erased": done.kind, "target": done.target, "keys_destroyed": done.keys_destroyed, "clean": done.clean,
        "searched": done.searched, "backups_not_reached": list(done.not_reached),
        "certificate": done.certificate.text, "certificate_sha256": done.certificate.digest,
    }  # fmt: skip


def retention_show(appliance: Appliance, operator: str) -> Events:
    """The schedule, and what it would erase now."""
    days = retention.load(appliance.settings.policies)
    due = retention.apply(appliance.holdings, appliance.holds, days, datetime.now(UTC), dry=True) if days else []
    yield {"days": days, "due": [applied_json(each) for each in due]}


def retention_apply(appliance: Appliance, operator: str) -> Events:
    """The schedule carried out."""
    days = retention.load(appliance.settings.policies)
    done = retention.apply(appliance.holdings, appliance.holds, days, datetime.now(UTC)) if days else []
    yield {"days": days, "done": [applied_json(each) for each in done]}


def applied_json(each: retention.Applied) -> dict[str, Any]:
    """What became of one class of data."""
    return {"class": each.name, "days": each.days, "erased": each.erased, "held": each.held}


def backup(appliance: Appliance, operator: str, to: str, passphrase: str) -> Events:
    """A backup of this home, while it serves."""
    file = Path(to)
    made = backups.backup(appliance.settings, appliance.log, file, passphrase.encode())
    event = BackupMade(digest=made.digest, records=made.records, files=made.files)
    appliance.log.append(event, actor=operator)
    erasures.remember_folder(appliance.settings.home, file.parent, appliance.log)
    yield {"path": to, "sha256": made.digest, "bytes": made.bytes, "files": made.files, "records": made.records}


OPERATIONS: dict[str, Callable[..., Events]] = {
    "hold.place": hold_place,
    "hold.lift": hold_lift,
    "hold.list": hold_list,
    "erase.document": erase_document,
    "erase.person": erase_person,
    "retention.show": retention_show,
    "retention.apply": retention_apply,
    "backup": backup,
}
