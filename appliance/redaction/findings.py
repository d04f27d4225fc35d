"""What detection found, and what redaction made: the types between the rooms.

`Findings` refer to unredacted text by offsets and hold none of it. A `RedactedDocument` holds no
unredacted text; only `appliance.redaction` makes one, and only screening turns it into the
`ScreenedDocument` that the chunker takes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from appliance.documents.document import BlockKind, Box, DocumentKind, Page, Word
from appliance.redaction.readings import Made


@dataclass(frozen=True, slots=True)
class Evidence:
    """One detector's word on a span: for it, or, with a negative score, against it."""

    recognizer: str
    type: str
    score: float
    reason: str = ""
    """Why, in words of the program (`checksum valid`, `label "MRN" before`), never text of the document."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A resolved span of one block. Offsets are code points of the unredacted block text, end exclusive."""

    block: int
    start: int
    end: int
    type: str
    score: float
    recognizer: str
    evidence: tuple[Evidence, ...] = ()
    review: bool = False
    """True when the profile wants a person to look at it before the document is published."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found in one document under one profile."""

    items: tuple[Finding, ...]
    profile: str
    profile_digest: str
    warnings: tuple[str, ...] = ()
    readings: tuple[Made, ...] = field(default=(), repr=False, compare=False)
    """What the models made of each piece of the text, where that was asked for."""

    def counts(self) -> dict[str, int]:
        """Number of findings by entity type."""
        return dict(sorted(Counter(item.type for item in self.items).items()))


@dataclass(frozen=True, slots=True)
class RedactedEntity:
    """A surrogate in redacted text, for example `[PERSON:k7f2m4qa]`. Offsets are of the redacted text."""

    start: int
    end: int
    type: str
    surrogate: str


@dataclass(frozen=True, slots=True)
class RedactedBlock:
    """A block whose identifiers have become surrogates; fields as in `documents.document.Block`.

    `words` have offsets of the redacted text; a surrogate is one word with the padded boxes of what it
    replaced (several words when that spans lines), so that a citation can be marked on the page.
    """

    page: int
    kind: BlockKind
    text: str
    section: tuple[int, ...] = ()
    words: Sequence[Word] = ()
    table: int | None = None
    row: int | None = None
    header_row: bool = False
    cells: Sequence[tuple[int, int]] = ()
    entities: tuple[RedactedEntity, ...] = ()


@dataclass(frozen=True, slots=True)
class RedactedDocument:
    """A document without its identifiers. `title` is the redacted file name or first heading.

    `blackout` maps a page number to the boxes, in points, that its image must show black.
    """

    kind: DocumentKind
    title: str
    pages: tuple[Page, ...]
    blocks: tuple[RedactedBlock, ...]
    profile: str
    profile_digest: str
    counts: dict[str, int]
    blackout: dict[int, tuple[Box, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScreenedDocument:
    """A redacted document that screening let pass: no residual identifier.

    `flagged` are the indices of blocks that hold instructions to a model: shown as data, never evidence.
    """

    document: RedactedDocument
    flagged: frozenset[int] = frozenset()
