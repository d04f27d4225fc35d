"""A statement of this appliance, signed with its log's key: text that a person reads and `check.py` verifies.

A C2SP signed note: the facts, one a line, then the signature. Its first line says what it is, so that it can
never be taken for a checkpoint of the log.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.audit.log import AuditLog
from appliance.errors import UsageError


@dataclass(frozen=True, slots=True)
class Certificate:
    """A signed note and its SHA-256 (hex)."""

    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def certify(log: AuditLog, what: str, facts: Mapping[str, str]) -> Certificate:
    """Sign facts. Raises UsageError when one of them is more than a line."""
    lines = [f"appliance {what} certificate v1", f"log: {log.origin}"]
    lines += [f"{name}: {value}" for name, value in facts.items()]
    if any("\n" in line for line in lines):
        raise UsageError("a certificate says one thing a line", "Leave the line breaks out")
    return Certificate(log.sign_statement("\n".join(lines) + "\n"))
