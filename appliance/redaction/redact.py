"""Taking the identifiers out: of a parsed document, of a plain text.

1. `actions.spans`: what the profile wants replaced, without overlap.
2. `actions.replacements`: a surrogate, a mask or a coarser value for each.
3. Replace, and move words and cells to their new offsets.
4. Boxes to black out on the page images.

A finding's `block` is the number of the block; `len(document.blocks)` means the document's name, which
the caller gives to the detector as one more text (see `texts_of`).
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from appliance.documents.document import Block, Box, Document, Page, Spans, Word, Words
from appliance.redaction.actions import replacements, spans
from appliance.redaction.blackout import boxes_of
from appliance.redaction.findings import Findings, RedactedBlock, RedactedDocument, RedactedEntity
from appliance.redaction.persons import plain
from appliance.redaction.policy import Profile
from appliance.redaction.spans import Replaced, Replacement, Span, replace
from appliance.redaction.surrogates import SurrogateSource

_NAME_BREAKS = re.compile(r"[_\s.]+|(?<=[a-z])-(?=[a-z])", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+")
_LONG_NUMBER = re.compile(r"\d{5,}")
_MIN_TOKEN = 3
_NO_PAGE = Page(0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class TextEntity:
    """What stood at `start:end` of an input text, and what stands there now."""

    start: int
    end: int
    type: str
    score: float
    recognizer: str
    surrogate: str


def readable_name(name: str) -> str:
    """A file name as words: without folder and ending, separators as spaces."""
    return _NAME_BREAKS.sub(" ", PurePath(name).stem).strip()


def texts_of(document: Document, name: str) -> list[str]:
    """The texts to give to the detector: every block's, then the document's name as words."""
    return [*(block.text for block in document.blocks), readable_name(name)]


def redact(
    document: Document, findings: Findings, profile: Profile, surrogates: SurrogateSource, *, name: str
) -> RedactedDocument:
    """Replace every finding that the profile acts on, in blocks, title and, as boxes, on the pages.

    Raises Quarantined when a finding points outside its text, and what `surrogates` raises.
    """
    texts = texts_of(document, name)
    found = spans(texts, findings.items, profile)
    made = replacements(texts, found, surrogates)
    by_text: dict[int, list[tuple[Span, Replacement]]] = defaultdict(list)
    for span, replacement in zip(found, made, strict=True):
        by_text[span.text].append((span, replacement))
    pages = {page.number: page for page in document.pages}
    blocks: list[RedactedBlock] = []
    blackout: dict[int, list[Box]] = defaultdict(list)
    for number, block in enumerate(document.blocks):
        here = by_text.get(number, [])
        page = pages.get(block.page, _NO_PAGE)
        boxes = [boxes_of(block, span.start, span.end, page) for span, _ in here]
        blocks.append(_block(block, replace(block.text, [replacement for _, replacement in here]), boxes))
        blackout[block.page] += [box for group in boxes for box in group]
    return RedactedDocument(
        kind=document.kind,
        title=_title(blocks, texts[-1], by_text, len(document.blocks)),
        pages=document.pages,
        blocks=tuple(blocks),
        profile=findings.profile,
        profile_digest=findings.profile_digest,
        counts=findings.counts(),
        blackout={number: tuple(dict.fromkeys(boxes)) for number, boxes in sorted(blackout.items()) if boxes},
        warnings=tuple(dict.fromkeys((*document.warnings, *findings.warnings))),
    )


def redact_text(
    text: str, findings: Findings, profile: Profile, surrogates: SurrogateSource
) -> tuple[str, tuple[TextEntity, ...]]:
    """Redact one text, block 0 of `findings`. The entities' offsets are of `text`, the input."""
    return redact_texts([text], findings, profile, surrogates)[0]


def redact_texts(
    texts: Sequence[str], findings: Findings, profile: Profile, surrogates: SurrogateSource
) -> list[tuple[str, tuple[TextEntity, ...]]]:
    """Redact the texts of one document, the blocks of `findings`; a person has one surrogate in all of them."""
    found = spans(texts, findings.items, profile)
    made = replacements(texts, found, surrogates)
    pairs: list[list[tuple[Span, Replacement]]] = [[] for _ in texts]
    for span, replacement in zip(found, made, strict=True):
        pairs[span.text].append((span, replacement))
    return [
        (
            replace(text, [replacement for _, replacement in here]).text,
            tuple(
                TextEntity(s.start, s.end, r.type, s.finding.score, s.finding.recognizer, r.text) for s, r in here
            ),
        )
        for text, here in zip(texts, pairs, strict=True)
    ]


def _block(block: Block, replaced: Replaced, boxes: Sequence[tuple[Box, ...]]) -> RedactedBlock:
    return RedactedBlock(
        page=block.page,
        kind=block.kind,
        text=replaced.text,
        section=block.section,
        words=_words(block, replaced, boxes),
        table=block.table,
        row=block.row,
        header_row=block.header_row,
        cells=Spans((replaced.moved(start), replaced.moved(end)) for start, end in block.cells),
        entities=tuple(
            RedactedEntity(start, start + len(one.text), one.type, one.text)
            for one, start in zip(replaced.replacements, replaced.starts, strict=True)
        ),
    )


def _words(block: Block, replaced: Replaced, boxes: Sequence[tuple[Box, ...]]) -> Sequence[Word]:
    """The words that were left alone, and in the place of the others a word for each of a surrogate's boxes."""
    if not replaced.replacements:
        return block.words
    kept = [
        Word(replaced.moved(word.start), replaced.moved(word.end), word.box, word.confidence)
        for word in block.words
        if not replaced.touching(word.start, word.end)
    ]
    hidden = [
        Word(start, start + len(one.text), box)
        for one, start, group in zip(replaced.replacements, replaced.starts, boxes, strict=True)
        for box in (group if block.words else ())
    ]
    return Words(sorted(kept + hidden, key=lambda word: word.start))


def _title(
    blocks: Sequence[RedactedBlock], name: str, by_text: dict[int, list[tuple[Span, Replacement]]], own: int
) -> str:
    """The document's own title, else its first heading, else its name; each redacted."""
    for kind in ("title", "heading"):
        for block in blocks:
            if block.kind == kind and block.text.strip():
                return " ".join(block.text.split())
    return _redacted_name(name, by_text, own) or "document"


def _redacted_name(name: str, by_text: dict[int, list[tuple[Span, Replacement]]], own: int) -> str:
    """The name without what was found in it, without parts of what was found in the document, and
    without long numbers: a file name has too little context to trust detection alone."""
    parts = {
        token: replacement.text
        for number, pairs in by_text.items()
        if number != own
        for span, replacement in pairs
        for token in _TOKEN.findall(plain(span.original))
        if len(token) >= _MIN_TOKEN
    }
    found = [replacement for _, replacement in by_text.get(own, [])]
    taken = replace(name, found)
    known = []
    for match in _TOKEN.finditer(name):
        if taken.touching(match.start(), match.end()):
            continue
        if surrogate := parts.get(plain(match[0])):
            known.append(Replacement(match.start(), match.end(), surrogate))
        elif _LONG_NUMBER.search(match[0]):
            known.append(Replacement(match.start(), match.end(), "[ID]"))
    text = replace(name, sorted(found + known, key=lambda one: one.start)).text
    return re.sub(r"(\[[^\[\]]+\])(?: \1)+", r"\1", text)
