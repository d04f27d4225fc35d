"""From findings to replacements: what the profile wants for each span, and which spans it is asked about.

Findings that overlap become one span, so that no end of one sticks out of the other. Text that looks like
a surrogate already is masked: nobody can plant one in a document.
"""

from collections.abc import Iterable, Sequence

from appliance.errors import Quarantined
from appliance.redaction.evidence import DATE, who_is_who, whose
from appliance.redaction.fakes import fake
from appliance.redaction.findings import Finding
from appliance.redaction.generalise import generalise, last_four, mask
from appliance.redaction.persons import DocumentNames, name_form
from appliance.redaction.policy import Action, Profile
from appliance.redaction.shifting import is_day_first, shifted
from appliance.redaction.spans import Replacement, Span
from appliance.redaction.surrogates import PERSON, SURROGATE, Hints, Mention, SurrogateSource

PLANTED = "OTHER"


def spans(
    texts: Sequence[str], findings: Iterable[Finding], profile: Profile, *, guard_planted: bool = True
) -> list[Span]:
    """What is to be replaced in `texts`, in order and without overlap.

    Raises Quarantined when a finding lies outside its text: what it meant cannot be known.
    """
    marked = []
    for finding in findings:
        if not 0 <= finding.block < len(texts) or not 0 <= finding.start < finding.end <= len(texts[finding.block]):
            raise Quarantined("a detector pointed outside the text", "Report this: the document was not redacted")
        rule = profile.rule(finding.type)
        if rule is not None:
            marked.append((finding, rule.action))
    for number, text in enumerate(texts if guard_planted else ()):
        for match in SURROGATE.finditer(text):
            marked.append((Finding(number, match.start(), match.end(), PLANTED, 1.0, "planted surrogate"), "mask"))
    marked.sort(key=lambda pair: (pair[0].block, pair[0].start, -pair[0].end))
    joined: list[Span] = []
    for finding, action in marked:
        last = joined[-1] if joined else None
        if last and last.text == finding.block and finding.start < last.end:
            joined[-1] = _joined(last, finding, action, texts[finding.block])
        else:
            original = texts[finding.block][finding.start : finding.end]
            joined.append(Span(finding.block, finding.start, finding.end, finding, action, original))
    return joined


def _joined(last: Span, finding: Finding, action: Action, text: str) -> Span:
    """One span over both; the finding inside the other gives way, else the surer one decides."""
    end = max(last.end, finding.end)
    if finding.end > last.end and finding.score > last.finding.score:
        return Span(last.text, last.start, end, finding, action, text[last.start : end])
    return Span(last.text, last.start, end, last.finding, last.action, text[last.start : end])


def replacements(texts: Sequence[str], found: Sequence[Span], source: SurrogateSource) -> list[Replacement]:
    """The replacement of each span, in the order of `found`; surrogates come from `source` at once."""
    names = DocumentNames(span.original for span in found if span.finding.type == PERSON)
    wanted = [number for number, span in enumerate(found) if span.action in ("surrogate", "fake")]
    moved = _moved(texts, found, names, source) if any(span.action == "shift" for span in found) else {}
    hints = who_is_who(texts, found, names)
    mentions = [_mention(found[number], names, hints) for number in wanted]
    given = dict(zip(wanted, source.allocate(mentions), strict=True)) if wanted else {}
    for number in wanted:
        if found[number].action == "fake":
            given[number] = fake(found[number].finding.type, found[number].original, given[number])
    return [
        Replacement(span.start, span.end, given.get(number) or moved.get(number) or coarse(span), span.finding.type)
        for number, span in enumerate(found)
    ]


def _moved(
    texts: Sequence[str], found: Sequence[Span], names: DocumentNames, source: SurrogateSource
) -> dict[int, str]:
    """The dates that can be moved with their person, by number of the span."""
    day_first = is_day_first(texts)
    owners = whose(texts, found, names)
    days: dict[str, int] = {}
    moved = {}
    for number, span in enumerate(found):
        if span.action != "shift" or span.finding.type != DATE:
            continue
        owner = owners[number]
        if owner not in days:
            days[owner] = source.days(owner, texts)
        if written := shifted(span.original, days[owner], day_first):
            moved[number] = written
    return moved


def coarse(span: Span) -> str:
    """What stands for a span under an action that needs no surrogate."""
    if span.action in ("generalise", "shift"):
        # A date that cannot be moved with certainty keeps its year only, as does one in a question.
        return generalise(span.finding.type, span.original)
    if span.action == "last4":
        return last_four(span.finding.type, span.original)
    return mask(span.finding.type)


def _mention(span: Span, names: DocumentNames, hints: dict[tuple[int, str], Hints]) -> Mention:
    if span.finding.type != PERSON:
        return Mention(span.finding.type, span.original)
    full = names.full(span.original)
    return Mention(PERSON, full, hints.get((span.text, name_form(full).key), ()))
