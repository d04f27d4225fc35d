"""Access policies: Cedar files and their schema, validated and frozen at load, named by their digest."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import cedarpy

from appliance.errors import UsageError

SCHEMA = "schema.cedarschema"


@dataclass(frozen=True, slots=True)
class AccessPolicies:
    """Parsed policies. `digest` is the SHA-256 (hex) of the names and exact bytes of all files."""

    digest: str
    files: tuple[str, ...]
    policies: cedarpy.PolicySet = field(repr=False)
    schema: cedarpy.Schema = field(repr=False)
    rights: frozenset[str] = frozenset({"read", "write", "identify", "reveal", "review"})
    """The rights on a label that the schema knows: a home made before a right was thought of denies it."""


def load(directory: Path) -> AccessPolicies:
    """Load every `*.cedar` file of `directory/access`. Raises UsageError on a syntax error, on anything
    the schema does not know, and when there is no policy at all."""
    folder = directory / "access"
    files = sorted(folder.glob("*.cedar"))
    if not files or not (folder / SCHEMA).is_file():
        raise UsageError(f"no access policies in {folder}", "Restore policies/access from the release")
    digest = hashlib.sha256()
    for file in [folder / SCHEMA, *files]:
        content = file.read_bytes()
        digest.update(file.name.encode() + b"\0" + len(content).to_bytes(8, "big") + content)
    schema_text = (folder / SCHEMA).read_text("utf-8")
    text = "\n".join(file.read_text("utf-8") for file in files)
    try:
        schema = cedarpy.Schema.from_str(schema_text)
        policies = cedarpy.PolicySet.from_str(text)
        result = cedarpy.validate_policies(text, schema)
    except ValueError as error:
        raise UsageError(f"access policies do not parse: {_first_line(error)}", "Correct the file named") from error
    if not result.validation_passed:
        raise UsageError(f"access policies: {_first_line(result.errors[0])}", "Correct the rule named")
    names = tuple(file.name for file in files)
    return AccessPolicies(digest.hexdigest(), names, policies, schema, _rights(schema_text))


def _rights(schema: str) -> frozenset[str]:
    return frozenset(name for name in ("read", "write", "identify", "reveal", "review") if f'"{name}"' in schema)


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
