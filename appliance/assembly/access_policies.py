"""Operations on access policies: compare, test, propose, approve (see `assembly/operations.py`).

Who proposes or approves is signed in to the page, or proves who they are with their password, and their code if they
have one: that the operating system's user may act as anybody (`--as`) is no second pair of eyes.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from appliance.access import policies
from appliance.access.comparing import differences, in_words
from appliance.access.decisions import allowed_labels
from appliance.access.grants import Person, Purpose
from appliance.access.labels import every_label
from appliance.access.policies import AccessPolicies
from appliance.assembly.parts import Appliance
from appliance.audit.events import CollectionChanged, PolicyDecided, PolicyInForce
from appliance.errors import Refused, UsageError

Events = Iterator[dict[str, Any]]


def difference(appliance: Appliance, operator: str, folder: str = "") -> Events:
    """What the policies of a folder (default: the home's) would change against those in force, by person."""
    yield _compared(appliance, policies.parse(_files(appliance, folder)))


def _compared(appliance: Appliance, after: AccessPolicies) -> dict[str, Any]:
    before, now = appliance.access.policies, appliance.clock.now()
    labels, names = every_label(appliance.database)
    titles = {identifier: name for name, identifier in names.items()}
    found = differences(before, after, appliance.people.everyone(), labels, now)
    return {
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
    yield approved(appliance, _proved(appliance, login, password, code), digest, operator)


def approved(appliance: Appliance, who: Person, digest: str, operator: str = "") -> dict[str, Any]:
    """The same by somebody who has proved who they are. Raises Refused without the right, or for the proposer."""
    appliance.access.require(who, "approve")
    before = appliance.access.policies.digest
    made = appliance.approvals.approve(digest, who.id)
    _record(appliance, operator, who, made.digest, "approved", before)
    appliance.access.policies = made
    event = PolicyInForce(policy="access", digest=made.digest, replaces=before)
    appliance.log.append(event, actor=who.id, operator=operator)
    return {"digest": made.digest, "replaces": before, "approved_by": who.login}


def reject(appliance: Appliance, operator: str, digest: str, login: str, password: str, code: str = "") -> Events:
    """Take a proposal off the table."""
    yield rejected(appliance, _proved(appliance, login, password, code), digest, operator)


def rejected(appliance: Appliance, who: Person, digest: str, operator: str = "") -> dict[str, Any]:
    """The same by somebody who has proved who they are. Raises Refused without the right."""
    appliance.access.require(who, "approve")
    gone = appliance.approvals.reject(digest, who.id)
    _record(appliance, operator, who, gone.digest, "rejected", gone.replaces)
    return {"digest": gone.digest, "rejected_by": who.login}


def listed(appliance: Appliance, operator: str) -> Events:
    """Every text of the policies there was, with who proposed and approved it."""
    yield {"files": policies.load(appliance.settings.policies).digest, **_known(appliance)}


def waiting(appliance: Appliance, who: Person) -> dict[str, Any]:
    """The same for somebody who may approve, without the draft, with what each waiting proposal changes: who gains
    and loses what, and its text against the one in force."""
    appliance.access.require(who, "approve")
    told = _known(appliance)
    in_force = appliance.approvals.files(told["in_force"])
    for each in told["policies"]:
        if each["status"] == "proposed":
            files = appliance.approvals.files(each["digest"])
            compared = _compared(appliance, policies.parse(files))
            each |= {"summary": compared["summary"], "text": _text_changes(in_force, files)}
    return told


def _text_changes(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """What is different in the texts of two sets of policies, as a unified diff."""
    told: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = (files.get(name, "").splitlines(keepends=True) for files in (before, after))
        told += difflib.unified_diff(old, new, f"in force/{name}", f"proposed/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in told)


def _known(appliance: Appliance) -> dict[str, Any]:
    logins = {each.id: each.login for each in appliance.people.everyone()}
    return {
        "in_force": appliance.access.policies.digest,
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
