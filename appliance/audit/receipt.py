"""What a writer of the audit log gets back."""

from dataclasses import dataclass


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
