"""What the models made of pieces of text, so that a piece that comes again need not be read again.

A piece is known by a keyed digest of the model's name and its text; what is kept of it are spans, never text. Only
what the models say of the piece alone is kept. Patterns, counter-evidence and the search for names found elsewhere
always read the whole document, so a name that a new page brings is found on old pages too.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

Span = tuple[int, int, str, float, str]
"""Start, end, entity type, score, and the reason in words of the program."""
Made = tuple[int, str, tuple[Span, ...]]
"""The block that a piece begins in, the piece's digest, what was found in it."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Pieces read before, by digest. `key` makes the digests."""

    key: bytes = field(repr=False)
    known: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)

    def digest(self, model: str, text: str) -> str:
        """What a piece is known by: HMAC-SHA-256 (RFC 2104), in hexadecimal."""
        return hmac.new(self.key, f"{model}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
