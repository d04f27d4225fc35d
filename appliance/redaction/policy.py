"""Redaction profiles: which identifiers are replaced, how, from which score on, and by which law.

A profile is one page of YAML that an officer reads and signs. Its digest is the SHA-256 of the exact bytes,
so that every document says which text was in force (invariant I8).
"""

import hashlib
import re
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from appliance.errors import UsageError

EntityType = Literal[
    "PERSON",
    "LOCATION",
    "ORGANIZATION",
    "DATE_TIME",
    "AGE",
    "PHONE_NUMBER",
    "EMAIL_ADDRESS",
    "URL",
    "IP_ADDRESS",
    "US_SSN",
    "MEDICAL_RECORD",
    "ACCOUNT_NUMBER",
    "IBAN_CODE",
    "CREDIT_CARD",
    "ID",
    "DEMOGRAPHIC",
    "QUANTITY",
    "OTHER",
]
TYPES: tuple[str, ...] = get_args(EntityType)
Action = Literal["surrogate", "mask", "generalise", "shift", "last4", "fake", "keep"]
DetectorName = Literal["patterns", "labels", "spacy", "pii-rampart", "consistency"]
Only = Literal["over_89", "sub_state", "person_related", "complete_date"]
DIRECT_TYPES = frozenset(
    {
        "PERSON",
        "PHONE_NUMBER",
        "EMAIL_ADDRESS",
        "URL",
        "IP_ADDRESS",
        "US_SSN",
        "MEDICAL_RECORD",
        "ACCOUNT_NUMBER",
        "IBAN_CODE",
        "CREDIT_CARD",
        "ID",
    }
)
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Rule(BaseModel):
    """What happens to one type of identifier, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    min_score: float = Field(0.4, ge=0, le=1, description="Findings below this score are not acted on.")
    review: tuple[float, float] | None = Field(
        None, description="Scores from the first up to, not including, the second are acted on and shown to a reviewer."
    )
    only: Only | None = Field(None, description="Act only on findings of this kind.")
    reason: str = Field(min_length=1)
    citation: str = ""

    @model_validator(mode="after")
    def _band_in_order(self) -> "Rule":
        if self.review and self.review[0] >= self.review[1]:
            raise ValueError("review must be [from, to] with from below to")
        return self

    @property
    def acts_from(self) -> float:
        """The score from which findings are acted on: what a person is to see is covered until they have."""
        return min(self.min_score, self.review[0]) if self.review else self.min_score

    def wants_review(self, score: float) -> bool:
        """Whether a finding of `score` is to be seen by a person before the document is published."""
        return self.review is not None and self.review[0] <= score < self.review[1]


class Profile(BaseModel):
    """A redaction policy. Types without a rule are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    description: str = ""
    detectors: tuple[DetectorName, ...] = Field(min_length=1)
    hold_above: float = Field(
        0.0, ge=0, description="Wrong decisions to be expected among a document's unsure spans, above which it waits."
    )
    rules: dict[EntityType, Rule] = Field(min_length=1)
    digest: str = ""
    """SHA-256, hex, of the exact bytes of the YAML."""

    def rule(self, type_: str) -> Rule | None:
        """The rule for an entity type, or None when the profile keeps that type."""
        found = self.rules.get(type_)  # type: ignore[call-overload]
        return None if found is None or found.action == "keep" else found

    @property
    def acts_on(self) -> frozenset[str]:
        """The entity types that this profile replaces."""
        return frozenset(name for name, rule in self.rules.items() if rule.action != "keep")


def _pairs(node: yaml.Node, source: str) -> None:
    """Refuse a key given twice: YAML would silently keep the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise UsageError(f"{source} line {key.start_mark.line + 1}: {key.value} is given twice", "Remove one")
            seen.add(key.value)
            _pairs(value, source)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _pairs(value, source)


def _line(node: yaml.Node, path: tuple[Any, ...]) -> int:
    """The line, from 1, of the deepest existing node on `path`."""
    line = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            match = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if match is None:
                break
            line, node = match[0].start_mark.line + 1, match[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def parse_profile(content: bytes, source: str) -> Profile:
    """Read a profile from YAML bytes; `source` names them in errors.

    Raises UsageError naming the line and key for YAML that is malformed or aliased, and for an unknown key,
    type, action or detector.
    """
    try:
        text = content.decode("utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise UsageError(f"{source}: aliases are not allowed", "Write the rule out, so that it can be read")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise UsageError(f"{source} is not UTF-8 text", "Save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise UsageError(f"{source}{where}: not valid YAML", "Correct the indentation and quoting there") from error
    if node is None or not isinstance(values, dict):
        raise UsageError(f"{source} holds no profile", "See policies/README.md for an example")
    _pairs(node, source)
    if "digest" in values:
        raise UsageError(f"{source}: digest is computed, not written", "Remove that line")
    try:
        return Profile(**values, digest=hashlib.sha256(content).hexdigest())
    except ValidationError as error:
        wrong = error.errors()
        first = next((each for each in wrong if each["type"] == "extra_forbidden"), wrong[0])
        told = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"].lower()
        path = tuple(part for part in first["loc"] if part != "[key]")
        key = ".".join(str(part) for part in path)
        raise UsageError(
            f"{source} line {_line(node, path)}: {key}: {told}", "See policies/README.md"
        ) from error
    except TypeError as error:
        raise UsageError(f"{source}: every key must be a word", "See policies/README.md") from error


def load_profile(policies_dir: Path, name: str) -> Profile:
    """Read `policies_dir/redaction/NAME.yaml`.

    Raises UsageError when there is no such profile, when it is malformed (naming the line and key), or when it
    is called something else inside.
    """
    folder = Path(policies_dir) / "redaction"
    known = list_profiles(policies_dir)
    if not NAME.fullmatch(name) or name not in known:
        raise UsageError("no such redaction profile", f"Choose one of {', '.join(known) or 'none installed'}")
    try:
        content = (folder / f"{name}.yaml").read_bytes()
    except OSError as error:
        raise UsageError(
            f"redaction profile {name} cannot be read ({error.strerror})", "Check its permissions"
        ) from error
    profile = parse_profile(content, f"{name}.yaml")
    if profile.name != name:
        raise UsageError(f"{name}.yaml line 1: its name is another than its file's", "Make them equal")
    return profile


def list_profiles(policies_dir: Path) -> list[str]:
    """Names of the profiles installed in `policies_dir`, sorted."""
    return sorted(path.stem for path in (Path(policies_dir) / "redaction").glob("*.yaml"))
