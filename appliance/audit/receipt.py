"""What a writer of the audit log needs of it, and gets back."""

from dataclasses import dataclass
from typing import Protocol

from appliance.audit.events import Event


@dataclass(frozen=True, slots=True)
class Receipt:
    """A durable record: its index in the log, its id, its leaf hash (hex), and when it was written (UTC)."""

    index: int
    record: str
    leaf: str
    time: str


@dataclass(frozen=True, slots=True)
class ProofedReceipt:
    """A receipt with its inclusion proof under a signed checkpoint, as a C2SP tlog-proof text."""

    receipt: Receipt
    proof: str


class Recorder(Protocol):
    """The log as a journey sees it: in this process (`AuditLog`), or in the one that owns it."""

    def append(self, event: Event, *, actor: str, operator: str = "") -> Receipt:
        """Record `event`. Durable when this returns; raises Unavailable when it cannot be."""
        ...
