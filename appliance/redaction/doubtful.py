"""Words that text recognition was unsure of, on pages that it read badly: a name misread is a name not found.

A page whose words are read badly on average (`ocr_low_confidence`) is not published before a person has looked at
its doubtful words. They are replaced until then, as anything that waits for review.
"""

from dataclasses import replace

from appliance.documents.document import Block, Document
from appliance.redaction.findings import Evidence, Finding, Findings
from appliance.redaction.policy import Profile

WARNING = "ocr_low_confidence:"
UNSURE = 0.6
"""Confidence below which a word of such a page waits for a person."""
MAX_SPANS = 200
TYPES = ("OTHER", "ID", "PERSON")
"""A doubtful word is given the first of these types that the profile acts on."""


def with_doubtful(findings: Findings, document: Document, profile: Profile) -> Findings:
    """`findings` and the doubtful words of badly read pages, to be reviewed; words found already stay as they are."""
    pages = {int(code.removeprefix(WARNING)) for code in document.warnings if code.startswith(WARNING)}
    type_ = next((name for name in TYPES if profile.rule(name)), None)
    if not pages or type_ is None:
        return findings
    known: dict[int, list[Finding]] = {}
    for item in findings.items:
        known.setdefault(item.block, []).append(item)
    added: list[Finding] = []
    for index, block in enumerate(document.blocks):
        if block.page in pages:
            added += _spans(index, block, type_, known.get(index, []))
    return replace(findings, items=(*findings.items, *added[:MAX_SPANS]))


def _spans(index: int, block: Block, type_: str, known: list[Finding]) -> list[Finding]:
    found: list[Finding] = []
    for word in block.words:
        if word.confidence >= UNSURE or any(k.start < word.end and word.start < k.end for k in known):
            continue
        if sum(ch.isalnum() for ch in block.text[word.start : word.end]) < 2:
            continue
        score = round(word.confidence, 3)
        why = (Evidence("text recognition", type_, score, "read with little confidence on a badly read page"),)
        found.append(Finding(index, word.start, word.end, type_, score, "text recognition", why, review=True))
    return found
