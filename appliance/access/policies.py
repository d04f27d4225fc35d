"""Access policies: Cedar files and their schema, validated and frozen at load, named by their digest.

What is wrong is refused at load with its file and line: a syntax error, anything that the schema does not know,
and a rule whose evaluation can fail. The last matters most: Cedar skips a `forbid` that fails, which would open
what it should close. So every rule is tried on the extremes of what the schema lets it see.
"""

import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cedarpy

from appliance.errors import UsageError

SCHEMA = "schema.cedarschema"
RIGHTS = ("read", "write", "identify", "reveal", "review", "erase")
SYSTEM_RIGHTS = ("administer", "audit", "approve", "classify")
ADDED_LATER = (
    "revealers", "reviewers", "need_to_know", "consent_withdrawn", "legal_hold", "place", "hour", "weekday",
)  # fmt: skip
"""What a home made with an older release may lack in its schema, and then is not told to its policies."""
EXTREMES = (0, 100)
"""Bounds of clearance and classification here; a rule that computes with them must not fail at either."""
_PLAIN_CONTEXT = re.compile(
    r"resource\.\w+\.containsAny\(\s*context\.keys\s*\)|context\.(?:purpose|place|hour|weekday)\b"
)
_TOKEN = re.compile(r'//[^\n]*|"(?:[^"\\]|\\.)*"|;|\n|[^;"\n/]+|/')


@dataclass(frozen=True, slots=True)
class AccessPolicies:
    """Parsed policies. `digest` is the SHA-256 (hex) of the names and exact bytes of all files."""

    digest: str
    files: tuple[str, ...]
    policies: cedarpy.PolicySet = field(repr=False)
    schema: cedarpy.Schema = field(repr=False)
    rights: frozenset[str] = frozenset((*RIGHTS, *SYSTEM_RIGHTS))
    """The rights that the schema knows: a home made before a right was thought of denies it."""
    facts: frozenset[str] = frozenset(ADDED_LATER)
    """Of `ADDED_LATER`, what the schema knows."""
    keys_as_holders_alone: bool = False
    """No rule asks of `context.keys` anything but whether those whom a label names are among them: then those keys
    that a label does not name make no difference to the decision on it."""


def load(directory: Path) -> AccessPolicies:
    """Load every `*.cedar` file of `directory/access` and their schema. Raises UsageError as `parse`."""
    return parse(read(directory / "access"))


def read(folder: Path) -> dict[str, str]:
    """The text of the schema and of every `*.cedar` file of a folder, by name. Raises UsageError without any."""
    files = sorted(folder.glob("*.cedar"))
    if not files or not (folder / SCHEMA).is_file():
        raise UsageError(f"no access policies in {folder}", "Restore policies/access from the release")
    try:
        return {file.name: file.read_bytes().decode("utf-8") for file in [folder / SCHEMA, *files]}
    except UnicodeDecodeError as error:
        raise UsageError(f"a file of {folder} is not UTF-8", "Save it as UTF-8") from error


def parse(files: Mapping[str, str]) -> AccessPolicies:
    """The policies of these files. Raises UsageError, with file and line, for a syntax error, for anything the
    schema does not know, and for a rule that fails on some request."""
    digest = hashlib.sha256()
    for name in [SCHEMA, *sorted(files.keys() - {SCHEMA})]:
        content = files[name].encode()
        digest.update(name.encode() + b"\0" + len(content).to_bytes(8, "big") + content)
    try:
        schema = cedarpy.Schema.from_str(files[SCHEMA])
    except ValueError as error:
        raise UsageError(f"{SCHEMA} does not parse: {_first_line(error)}", "Restore it from the release") from error
    names = tuple(sorted(files.keys() - {SCHEMA}))
    rules = [(f"{name}, line {line}", text) for name in names for line, text in statements(files[name])]
    for place, text in rules:
        _check(place, text, schema)
    policies = cedarpy.PolicySet.from_str("\n".join(text for _, text in rules))
    words = set(re.findall(r"\w+", re.sub(r"//[^\n]*", "", files[SCHEMA])))
    rights, facts = words.intersection(RIGHTS + SYSTEM_RIGHTS), words.intersection(ADDED_LATER)
    alone = not any("context" in _PLAIN_CONTEXT.sub("", _bare(text)) for _, text in rules)
    made = AccessPolicies(digest.hexdigest(), names, policies, schema, frozenset(rights), frozenset(facts), alone)
    for place, text in rules:
        _try(place, cedarpy.PolicySet.from_str(text), made)
    return made


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Each rule of a file with the line on which it begins; what is left after the last `;` too, if anything is."""
    line, begun, rule = 1, 0, ""
    for token in _TOKEN.findall(text):
        if token.strip() and not token.startswith("//"):
            begun = begun or line
        rule += token
        line += token.count("\n")
        if token == ";":
            yield begun, rule.strip()
            begun, rule = 0, ""
    if begun:
        yield begun, rule.strip()


def _check(place: str, text: str, schema: cedarpy.Schema) -> None:
    try:
        cedarpy.PolicySet.from_str(text)
        result = cedarpy.validate_policies(text, schema)
    except ValueError as error:
        raise UsageError(f"access policies do not parse ({place}): {_first_line(error)}", "Correct it") from error
    if not result.validation_passed:
        told = re.sub(r"^for policy `policy0`, ", "", result.errors[0].error.splitlines()[0])
        raise UsageError(f"access policies ({place}): {told}", "Correct that rule")


def _try(place: str, rule: cedarpy.PolicySet, policies: AccessPolicies) -> None:
    """Raise UsageError when a rule fails on one of the extreme requests."""
    for clearance, classification, hour in itertools.product(EXTREMES, EXTREMES, (0, 23)):
        entities, requests = _extreme(policies, clearance, classification, hour)
        results = cedarpy.is_authorized_batch(requests, rule, entities)
        if failed := next((result.diagnostics.errors[0] for result in results if result.diagnostics.errors), ""):
            told = failed.rpartition("`: ")[2]
            raise UsageError(f"access policies ({place}): this rule can fail: {told}", "Rules may not compute so")


def _extreme(
    policies: AccessPolicies, clearance: int, classification: int, hour: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    who: dict[str, Any] = {"type": "Person", "id": "p"}
    resources = {"Label": {"type": "Label", "id": "l"}, "System": {"type": "System", "id": "appliance"}}
    label: dict[str, Any] = {
        "collection": "c", "classification": classification, "compartments": ["x"], "readers": [], "writers": [],
        "identifiers": [], "revealers": [], "reviewers": [], "need_to_know": [] if hour else ["group:x"],
        "consent_withdrawn": hour == 0, "legal_hold": hour == 0,
    }  # fmt: skip
    person = {"principals": ["user:p"], "roles": [], "clearance": clearance, "compartments": []}
    context = {"purpose": "operations", "keys": ["user:p@*"], "place": "", "hour": hour, "weekday": 1}
    unknown = set(ADDED_LATER) - policies.facts
    entities: list[dict[str, Any]] = [
        {"uid": who, "attrs": person, "parents": []},
        {"uid": resources["Label"], "attrs": _but(label, unknown), "parents": []},
        {"uid": resources["System"], "attrs": {}, "parents": []},
    ]
    requests: list[dict[str, Any]] = [
        {"principal": who, "action": {"type": "Action", "id": action}, "resource": resources[kind],
         "context": _but(context, unknown)}
        for kind, actions in (("Label", RIGHTS), ("System", SYSTEM_RIGHTS))
        for action in sorted(policies.rights.intersection(actions))
    ]  # fmt: skip
    return entities, requests


def _but(values: dict[str, Any], unknown: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in unknown}


def _bare(text: str) -> str:
    """A text without its comments and strings."""
    return "".join(token for token in _TOKEN.findall(text) if not token.startswith(("//", '"')))


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
