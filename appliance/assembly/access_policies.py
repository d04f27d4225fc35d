"""Operations on access policies: compare, test, propose, approve (see `assembly/operations.py`).

Who proposes or approves proves who they are with their password, and their code if they have one: that the
operating system's user may act as anybody (`--as`) is no second pair of eyes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from appliance.access import policies
from appliance.access.comparing import differences, in_words
from appliance.access.decisions import allowed_labels
from appliance.access.grants import Person, Purpose
from appliance.access.labels import every_label
from appliance.assembly.parts import Appliance
from appliance.audit.events import CollectionChanged, PolicyDecided, PolicyInForce
from appliance.errors import Refused, UsageError

Events = Iterator[dict[str, Any]]


def difference(appliance: Appliance, operator: str, folder: str = "") -> Events:
    """What the policies of a folder (default: the home's) would change against those in force, by person."""
    after = policies.parse(_files(appliance, folder))
    before, now = appliance.access.policies, appliance.clock.now()
    labels, names = every_label(appliance.database)
    titles = {identifier: name for name, identifier in names.items()}
    found = differences(before, after, appliance.people.everyone(), labels, now)
    yield {
        "in_force": before.digest,
        "proposed": after.digest,
        "summary": in_words(found),
        "changes": [
            {"login": each.login, "right": each.right, "purpose": each.purpose,
             "gains": [titles[name] for name in each.gains], "loses": [titles[name] for name in each.loses]}
            for each in found
        ],
    }  # fmt: skip


def tried(appliance: Appliance, operator: str, cases: str, folder: str = "") -> Events:
    """Whether the policies of a folder decide the cases of a YAML file as it expects."""
    chosen = policies.parse(_files(appliance, folder))
    labels, names = every_label(appliance.database)
    told = []
    for number, case in enumerate(_cases(Path(cases)), 1):
        try:
            who = appliance.people.by_login(str(case["who"]))
            purpose, action = Purpose(str(case["purpose"])), str(case.get("right", "read"))
            collection, expected = names[str(case["collection"])], {"allow": True, "deny": False}[str(case["expect"])]
        except (KeyError, ValueError, TypeError) as error:
            raise UsageError(
                f"case {number} is malformed", "Give who, purpose, right, collection and expect (allow or deny)"
            ) from error
        mine = [label for label in labels if label.collection == collection]
        allowed = bool(allowed_labels(chosen, who, purpose, action, mine, appliance.clock.now()))
        told.append({"case": number, **{k: str(v) for k, v in case.items()}, "decided": "allow" if allowed else "deny",
                     "ok": allowed is expected})  # fmt: skip
    yield {"digest": chosen.digest, "cases": told, "ok": all(each["ok"] for each in told)}


def propose(
    appliance: Appliance, operator: str, login: str, password: str, code: str = "", folder: str = ""
) -> Events:
    """Put the policies of a folder forward, as somebody who may."""
    who = _proved(appliance, login, password, code)
    made = appliance.approvals.propose(_files(appliance, folder), who.id)
    _record(appliance, operator, who, made.digest, "proposed", made.replaces)
    yield {"digest": made.digest, "replaces": made.replaces, "proposed_by": login}


def approve(appliance: Appliance, operator: str, digest: str, login: str, password: str, code: str = "") -> Events:
    """Bring a proposal into force at once, as somebody else who may."""
    who = _proved(appliance, login, password, code)
    before = appliance.access.policies.digest
    approved = appliance.approvals.approve(digest, who.id)
    _record(appliance, operator, who, approved.digest, "approved", before)
    appliance.access.policies = approved
    event = PolicyInForce(policy="access", digest=approved.digest, replaces=before)
    appliance.log.append(event, actor=who.id, operator=operator)
    yield {"digest": approved.digest, "replaces": before, "approved_by": login}


def reject(appliance: Appliance, operator: str, digest: str, login: str, password: str, code: str = "") -> Events:
    """Take a proposal off the table."""
    who = _proved(appliance, login, password, code)
    gone = appliance.approvals.reject(digest, who.id)
    _record(appliance, operator, who, gone.digest, "rejected", gone.replaces)
    yield {"digest": gone.digest, "rejected_by": login}


def listed(appliance: Appliance, operator: str) -> Events:
    """Every text of the policies there was, with who proposed and approved it."""
    logins = {each.id: each.login for each in appliance.people.everyone()}
    draft = policies.load(appliance.settings.policies).digest
    yield {
        "in_force": appliance.access.policies.digest,
        "files": draft,
        "policies": [
            {"digest": each.digest, "status": each.status, "replaces": each.replaces, "proposed": each.proposed,
             "proposed_by": logins.get(each.proposed_by, each.proposed_by), "approved": each.approved,
             "approved_by": logins.get(each.approved_by, each.approved_by)}
            for each in appliance.approvals.all()
        ],
    }  # fmt: skip


def collection_change(
    appliance: Appliance, operator: str, collection: str, classification: int | None = None,
    compartments: list[str] | None = None, consent_withdrawn: bool | None = None,
) -> Events:  # fmt: skip
    """Another classification, other compartments, or consent withdrawn, for all that a collection holds."""
    given = {
        "classification": classification, "compartments": compartments, "consent_withdrawn": consent_withdrawn,
    }  # fmt: skip
    wanted: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if not wanted:
        raise UsageError("nothing to change was given", "See `appliance collection change --help`")
    identifier, attributes = appliance.access.restrict(collection, wanted)
    appliance.log.append(CollectionChanged(collection=identifier, attributes=attributes), actor=operator)
    yield {"id": identifier, "attributes": attributes}


def _proved(appliance: Appliance, login: str, password: str, code: str) -> Person:
    """The person, by password and second factor, if they may propose and approve."""
    who = appliance.people.authenticate(login, password, "console")
    has_code = appliance.codes.has(who.id)
    if has_code and not appliance.codes.check(who.id, code):
        raise Refused("the code of the authenticator app is wrong or missing", "Give it with --code")
    appliance.access.require(who, "approve")
    return who


def _record(appliance: Appliance, operator: str, who: Person, digest: str, decision: str, replaces: str) -> None:
    event = PolicyDecided(policy="access", digest=digest, decision=decision, replaces=replaces)
    appliance.log.append(event, actor=who.id, operator=operator)


def _files(appliance: Appliance, folder: str) -> dict[str, str]:
    return policies.read(Path(folder) if folder else appliance.settings.policies / "access")


def _cases(file: Path) -> list[dict[str, Any]]:
    try:
        cases = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError("the file of cases cannot be read", "It is YAML: a list of cases") from error
    if not isinstance(cases, list) or not cases or not all(isinstance(each, dict) for each in cases):
        raise UsageError("the file holds no cases", "It is YAML: a list of who, purpose, right, collection, expect")
    return cases


OPERATIONS: dict[str, Callable[..., Events]] = {
    "policy.access-diff": difference,
    "policy.access-test": tried,
    "policy.access-propose": propose,
    "policy.access-approve": approve,
    "policy.access-reject": reject,
    "policy.access-list": listed,
    "collection.change": collection_change,
}
