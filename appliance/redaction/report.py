"""What was found and what became of it, in figures: nothing here holds text."""

from collections import Counter
from dataclasses import dataclass

from appliance.redaction.findings import Findings
from appliance.redaction.policy import DIRECT_TYPES, Profile


@dataclass(frozen=True, slots=True)
class Row:
    """One type of identifier in one document. `lowest` is the least score that was acted on."""

    type: str
    direct: bool
    action: str
    found: int
    to_review: int
    lowest: float
    recognizers: tuple[str, ...]


def rows(findings: Findings, profile: Profile) -> list[Row]:
    """A row for each type found, direct identifiers first, then by how many."""
    made = []
    for type_, found in Counter(item.type for item in findings.items).items():
        items = [item for item in findings.items if item.type == type_]
        rule = profile.rule(type_)
        made.append(
            Row(
                type=type_,
                direct=type_ in DIRECT_TYPES,
                action=rule.action if rule else "keep",
                found=found,
                to_review=sum(item.review for item in items),
                lowest=min(item.score for item in items),
                recognizers=tuple(sorted({item.recognizer for item in items})),
            )
        )
    return sorted(made, key=lambda row: (not row.direct, -row.found, row.type))
