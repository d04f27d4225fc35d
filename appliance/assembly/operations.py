"""Everything that can be asked of an open appliance by name: JSON arguments in, JSON events out.

The command line runs these in its own process or, through the local socket, in the server's; the last event
is the result. Who acts is the operating system's user of the caller, an administrator of the box: with
`user`, they act as that person, and the record holds both.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance import ask as questions
from appliance import ingest as documents
from appliance.access.grants import Person, Purpose
from appliance.assembly import (
    access_policies,
    costing,
    forgetting,
    identities,
    keeping,
    labelling,
    leakage,
    model_changes,
    oversight,
    redaction_policies,
    revealing,
    reviewing,
    shared,
    supervising,
    wire,
)
from appliance.assembly.acting import Events, os_user, person, purpose_of
from appliance.assembly.parts import Appliance
from appliance.audit import report as reports
from appliance.audit.events import (
    AuditExported,
    AuditRead,
    CollectionCreated,
    GrantChanged,
    PolicyInForce,
    SystemScopeUsed,
    UserChanged,
)
from appliance.audit.export import export as export_log
from appliance.errors import NotFound, UsageError
from appliance.upkeep import deletion, following, ingestion


def perform(appliance: Appliance, name: str, arguments: dict[str, Any], uid: int | None = None) -> Events:
    """Run the operation `name`. Raises UsageError for an unknown one or for arguments of the wrong form."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise UsageError(f"unknown operation {name}")
    try:
        yield from operation(appliance, os_user(os.getuid() if uid is None else uid), **arguments)
    except TypeError as error:
        if "unexpected keyword" in str(error) or "required" in str(error):
            raise UsageError(f"wrong arguments for {name}") from error
        raise


def ask(
    appliance: Appliance,
    operator: str,
    question: str,
    collection: str = "",
    user: str = "",
    purpose: str = "operations",
    reveal: bool = False,
) -> Events:
    """A question, with its quotes and sentences as they may be shown; with `reveal`, names in them again."""
    who, why = person(appliance, operator, user), purpose_of(purpose)
    grant = revealing.grant_for(appliance, who, why, collection) if reveal else None
    for event in questions.ask(appliance.asking, who, why, question, collection=collection or None):
        shown = wire.shown(event)
        yield revealing.in_event(appliance, who, grant, shown) if grant else shown


def retrieve(
    appliance: Appliance, operator: str, question: str, collection: str = "", user: str = "",
    purpose: str = "operations", k: int = 10,
) -> Events:  # fmt: skip
    """The passages a question finds. They are shown, so they have their record first."""
    who, why = person(appliance, operator, user), purpose_of(purpose)
    yield listed(appliance, who, why, question, collection or None, k)


def listed(
    appliance: Appliance, who: Person, why: Purpose, text: str, collection: str | None, k: int
) -> dict[str, Any]:
    """The `retrieve` result: steps 2 to 6 of a question, with intent and shown records."""
    passages, seconds = questions.find(appliance.asking, who, why, text, collection=collection, k=k)
    return {"passages": [wire.passage(each) for each in passages], "seconds": seconds}


def ingest(
    appliance: Appliance, operator: str, paths: list[str], collection: str, profile: str = "",
    places: list[str] | None = None,
) -> Events:  # fmt: skip
    """Files into a collection, one event a stage; the collection is made if it does not exist. `places` are what the
    documents are known by, where their names are not enough."""
    if places is not None and len(places) != len(paths):
        raise UsageError("there is not one place for each path")
    created = _ensure_collection(appliance, operator, collection, profile)
    grant = appliance.access.system_write(collection, operator)
    files = [ingestion.File(Path(path), place) for path, place in zip(paths, places or [""] * len(paths), strict=True)]
    results: dict[int, dict[str, Any]] = {}
    rooms, threads = appliance.ingesting_many(len(files))
    for news in ingestion.run(rooms, grant, files, threads):
        if news.outcome is not None:
            results[news.position] = {"path": str(news.path), **outcome_json(news.outcome)}
        yield news_json(news)
    done = [results[position] for position in sorted(results)]
    yield {"collection": collection, "created": created, "documents": done}


def sync(
    appliance: Appliance, operator: str, folder: str, collection: str, profile: str = "", dry_run: bool = False,
    delete_many: bool = False, settled_seconds: float = 0.0,
) -> Events:  # fmt: skip
    """A collection in step with a folder: what came, changed, moved or went. With `dry_run`, what would be done."""
    root = Path(folder)
    following.look(root)
    created = _ensure_collection(appliance, operator, collection, profile)
    grant = appliance.access.system_write(collection, operator)
    decided = following.plan(
        appliance.catalog, appliance.followed, grant.collection, root, delete_many=delete_many,
        settled_seconds=settled_seconds,
    )  # fmt: skip
    results: dict[int, dict[str, Any]] = {}
    if not dry_run and (work := len(decided.new) + len(decided.changed)) + len(decided.moved) + len(decided.gone):
        rooms, threads = appliance.ingesting_many(work)
        held = appliance.holdings
        for news in following.follow(rooms, held, appliance.followed, grant, root, decided, threads):
            if news.outcome is not None:
                results[news.position] = {"path": str(news.path), **outcome_json(news.outcome)}
            yield news_json(news)
    yield {
        "folder": folder, "collection": collection, "created": created, "dry_run": dry_run,
        "new": sorted(decided.new), "changed": sorted(decided.changed), "moved": sorted(decided.moved),
        "deleted": list(decided.gone), "kept": list(decided.kept), "why_kept": decided.why,
        "unchanged": decided.unchanged, "documents": [results[position] for position in sorted(results)],
    }  # fmt: skip


def news_json(news: ingestion.News) -> dict[str, Any]:
    """A file's stage on the wire; with its outcome, how far everything is and how fast."""
    told: dict[str, Any] = {
        "path": str(news.path), "position": news.position, "total": news.total, "stage": news.stage,
    }  # fmt: skip
    if news.outcome is not None:
        told |= {
            "done": news.done, "files_a_second": news.files_a_second, "pages_a_second": news.pages_a_second,
            "seconds_left": news.seconds_left,
        }  # fmt: skip
    return told


def outcome_json(outcome: documents.Outcome) -> dict[str, Any]:
    """A document's outcome, as the command-line contract has it."""
    return {
        "id": outcome.document,
        "version": outcome.version,
        "status": outcome.status,
        "reason": outcome.reason,
        "pages": outcome.pages,
        "chunks": outcome.chunks,
        "entities": outcome.entities or {},
        "seconds": outcome.seconds,
        "attachments": [{"path": inner.name, **outcome_json(inner)} for inner in outcome.attachments],
    }


def resume(appliance: Appliance, operator: str) -> Events:
    """Take up what a killed process left unfinished, deletions included."""
    deletion.complete(appliance.holdings)
    done = [outcome_json(outcome) for outcome in documents.resume(appliance.ingesting)]
    *_, again = redaction_policies.outdated(appliance, operator)
    yield {"documents": done, "redacted_again": again["documents"]}


def _ensure_collection(appliance: Appliance, operator: str, name: str, profile: str) -> bool:
    try:
        known = appliance.catalog.collection(name)
    except NotFound:
        _create_collection(appliance, operator, name, name, profile, 0, [])
        return True
    if profile and profile != known.profile:
        raise UsageError(
            f"the collection {name} is redacted under {known.profile}, not {profile}",
            "Leave --profile out, or ingest into another collection",
        )
    return False


def _create_collection(
    appliance: Appliance,
    operator: str,
    name: str,
    title: str,
    profile: str,
    classification: int,
    compartments: list[str],
) -> dict[str, Any]:
    for adopted in appliance.profiles.adopt(operator):
        appliance.log.append(PolicyInForce(policy=f"redaction/{adopted.name}", digest=adopted.digest), actor=operator)
    wanted = appliance.profiles.checked(profile or appliance.settings.redaction_profile)
    made = appliance.catalog.collections.create(
        name, wanted.name, title=title, classification=classification, compartments=tuple(compartments)
    )
    appliance.log.append(
        CollectionCreated(collection=made.id, profile=made.profile, attributes=made.attributes), actor=operator
    )
    return {"id": made.id, "name": made.name, "title": made.title, "profile": made.profile}


def collection_create(
    appliance: Appliance, operator: str, name: str, title: str = "", profile: str = "", classification: int = 0,
    compartments: list[str] | None = None,
) -> Events:  # fmt: skip
    """A new collection."""
    yield _create_collection(appliance, operator, name, title or name, profile, classification, compartments or [])


def collection_list(appliance: Appliance, operator: str) -> Events:
    """Every collection, with its number of published documents."""
    known = appliance.catalog.collections.all()
    listed = appliance.catalog.documents(each.id for each in known)
    counts = Counter(each.collection for each in listed if each.status == "published")
    yield {
        "collections": [
            {"id": c.id, "name": c.name, "title": c.title, "profile": c.profile, "documents": counts[c.id]}
            for c in known
        ]
    }


def document_list(appliance: Appliance, operator: str, collection: str) -> Events:
    """The documents of a collection, titles redacted."""
    found = appliance.catalog.collection(collection)
    appliance.log.append(SystemScopeUsed(reason=f"list documents of {found.id}"), actor=operator)
    yield {
        "documents": [
            {
                "id": d.document, "version": d.id, "title": d.title, "status": d.status, "reason": d.reason,
                "pages": d.pages, "chunks": d.chunks,
            }
            for d in appliance.catalog.documents({found.id})
        ]
    }  # fmt: skip


def user_add(
    appliance: Appliance, operator: str, login: str, password: str, name: str = "", groups: list[str] | None = None,
    roles: list[str] | None = None, clearance: int = 0, compartments: list[str] | None = None,
) -> Events:  # fmt: skip
    """A new account."""
    made = appliance.people.create(
        login, name or login, password, groups=frozenset(groups or ()), roles=frozenset(roles or ("reader",)),
        clearance=clearance, compartments=frozenset(compartments or ()),
    )  # fmt: skip
    appliance.log.append(UserChanged(person=made.id, change="created", roles=sorted(made.roles)), actor=operator)
    yield user_json(made)


def user_list(appliance: Appliance, operator: str) -> Events:
    """Every account."""
    yield {"users": [user_json(each) for each in appliance.people.everyone()]}


def user_json(who: Person) -> dict[str, Any]:
    """An account without its password."""
    return {
        "id": who.id,
        "login": who.login,
        "name": who.name,
        "groups": sorted(who.groups),
        "roles": sorted(who.roles),
        "clearance": who.clearance,
        "compartments": sorted(who.compartments),
    }


def user_password(appliance: Appliance, operator: str, login: str, password: str) -> Events:
    """A new password."""
    who = appliance.people.by_login(login)
    appliance.people.set_password(login, password)
    appliance.log.append(UserChanged(person=who.id, change="changed", changed=["password"]), actor=operator)
    yield {"login": login}


def user_remove(appliance: Appliance, operator: str, login: str) -> Events:
    """The end of an account."""
    who = appliance.people.by_login(login)
    appliance.people.deactivate(login)
    appliance.log.append(UserChanged(person=who.id, change="disabled"), actor=operator)
    yield {"login": login}


def grant_add(
    appliance: Appliance, operator: str, collection: str, principal: str, right: str = "read",
    purposes: list[str] | None = None,
) -> Events:  # fmt: skip
    """A right on a collection."""
    made = appliance.rights.grant(collection, principal, right, tuple(purpose_of(p) for p in purposes or ()))
    change = GrantChanged(
        collection=made.collection, principal=principal, right=right, change="added", purposes=purposes or []
    )
    appliance.log.append(change, actor=operator)
    yield {"collection": made.collection, "principal": principal, "right": right, "purposes": purposes or []}


def grant_remove(appliance: Appliance, operator: str, collection: str, principal: str, right: str = "read") -> Events:
    """A right taken away."""
    removed = appliance.rights.revoke(collection, principal, right)
    known = appliance.catalog.collection(collection)
    if removed:
        change = GrantChanged(collection=known.id, principal=principal, right=right, change="removed")
        appliance.log.append(change, actor=operator)
    yield {"removed": removed}


def grant_list(appliance: Appliance, operator: str, collection: str) -> Events:
    """The rights on a collection."""
    yield {
        "grants": [
            {"principal": g.principal, "right": g.right, "purposes": [p.value for p in g.purposes]}
            for g in appliance.rights.of(collection)
        ]
    }


def audit_verify(appliance: Appliance, operator: str, anchor: str | None = None) -> Events:
    """Whether the log is whole."""
    found = appliance.log.verify(anchor)
    appliance.log.append(AuditRead(start=0, end=found.records, opened=False), actor=operator)
    yield {
        "records": found.records, "root": found.root, "checkpoints": found.checkpoints, "ok": found.ok,
        "first_error": found.first_error,
    }  # fmt: skip


def audit_checkpoint(appliance: Appliance, operator: str) -> Events:
    """The log as it is now, signed."""
    yield {"checkpoint": appliance.log.checkpoint(), "key": appliance.log.verifier}


def audit_export(appliance: Appliance, operator: str, out: str) -> Events:
    """The whole log as one file."""
    records = appliance.log.size
    digest = export_log(appliance.log, Path(out), 0, records)
    appliance.log.append(AuditExported(start=0, end=records, digest=digest), actor=operator)
    yield {"path": out, "records": records, "sha256": digest}


def audit_report(appliance: Appliance, operator: str, since: str = "", until: str = "") -> Events:
    """Questions by person, purpose and outcome."""
    appliance.log.append(
        AuditRead(start=0, end=appliance.log.size, opened=False, filters={"from": since, "to": until}), actor=operator
    )
    people = {who.id: who.login for who in appliance.people.everyone()}
    found = reports.questions(appliance.log.records(opened=False), since, f"{until}~" if until else "~")
    yield {
        "questions": [
            {"actor": people.get(row.actor, row.actor), "purpose": row.purpose, "status": row.status,
             "count": row.questions, "records": list(row.records)}
            for row in found
        ]
    }  # fmt: skip


OPERATIONS: dict[str, Callable[..., Events]] = {
    "ask": ask,
    "retrieve": retrieve,
    "ingest": ingest,
    "sync": sync,
    "resume": resume,
    "collection.create": collection_create,
    "collection.list": collection_list,
    "document.list": document_list,
    "user.add": user_add,
    "user.list": user_list,
    "user.password": user_password,
    "user.remove": user_remove,
    "grant.add": grant_add,
    "grant.remove": grant_remove,
    "grant.list": grant_list,
    "audit.verify": audit_verify,
    "audit.checkpoint": audit_checkpoint,
    "audit.export": audit_export,
    "audit.report": audit_report,
}
OPERATIONS |= redaction_policies.OPERATIONS
OPERATIONS |= reviewing.OPERATIONS
OPERATIONS |= leakage.OPERATIONS
OPERATIONS |= keeping.OPERATIONS
OPERATIONS |= labelling.OPERATIONS
OPERATIONS |= forgetting.OPERATIONS
OPERATIONS |= oversight.OPERATIONS
OPERATIONS |= supervising.OPERATIONS
OPERATIONS |= identities.OPERATIONS
OPERATIONS |= access_policies.OPERATIONS
OPERATIONS |= shared.OPERATIONS
OPERATIONS |= model_changes.OPERATIONS
OPERATIONS |= costing.OPERATIONS
