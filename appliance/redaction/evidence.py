"""Evidence that tells namesakes apart: the record number or date of birth that stands beside a name.

Only a name that is labelled as the subject of its text, or stands in a cell of a table row, takes such
evidence, and only when it is the one person there: a doctor's name beside a patient's number says nothing.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from appliance.redaction.persons import DocumentNames, name_form
from appliance.redaction.spans import Span
from appliance.redaction.surrogates import PERSON, Hints, normal_form

RECORD = "MEDICAL_RECORD"
DATE = "DATE_TIME"
_REACH = 24
_BIRTH = re.compile(r"(?:born|birth|\bd\.?o\.?b\b|\bb\.)\W*(?:on\b|date)?\W*$", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?:\b(?:patient|name|re|subject|client|customer|resident|applicant|insured|member|employee)\b"
    r"(?:'s)?\s*(?:name)?\s*[:|=-]?\s*(?:mrs?|ms|miss)?\.?\s*|\|\s*)$",
    re.IGNORECASE,
)
_CELL_FOLLOWS = re.compile(r"\s*\|")


def who_is_who(texts: Sequence[str], found: Sequence[Span], names: DocumentNames) -> dict[tuple[int, str], Hints]:
    """Evidence for (number of the text, key of the full name).

    Where a document gives a name one record number only, it holds for the whole document; where it gives
    several, as a list of patients does, for the text it stands in.
    """
    by_text: dict[int, list[Span]] = defaultdict(list)
    for span in found:
        by_text[span.text].append(span)
    local: dict[tuple[int, str], set[tuple[str, str]]] = {}
    everywhere: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for number, here in by_text.items():
        persons = [span for span in here if span.finding.type == PERSON]
        keys = {name_form(names.full(span.original)).key for span in persons}
        facts = _facts(texts[number], here)
        if len(keys) == 1 and facts and any(_is_subject(texts[number], span) for span in persons):
            key = keys.pop()
            local[number, key] = facts
            everywhere[key] |= facts
    hints: dict[tuple[int, str], Hints] = {}
    for span in found:
        if span.finding.type == PERSON:
            key = name_form(names.full(span.original)).key
            of_all = everywhere.get(key, set())
            facts = of_all if _one_of_each(of_all) else local.get((span.text, key), set())
            hints[span.text, key] = tuple(sorted(facts))
    return hints


def whose(texts: Sequence[str], found: Sequence[Span], names: DocumentNames) -> list[str]:
    """For each span, the full name of the person whose record it stands in; empty where the text names nobody as
    its subject.

    That is the one subject of its own text (a table row, a line of a form), else the subject named last before it,
    else the first one after: a record begins with whom it is about.
    """
    by_text: dict[int, set[str]] = defaultdict(set)
    for span in found:
        if span.finding.type == PERSON and _is_subject(texts[span.text], span):
            by_text[span.text].add(names.full(span.original))
    first = next((min(by_text[number]) for number in sorted(by_text) if not _is_row(texts[number])), "")
    last, owners, done = first, [], -1
    for span in found:
        while done < span.text:
            done += 1
            if len(by_text.get(done, ())) == 1 and not _is_row(texts[done]):
                last = min(by_text[done])
        here = by_text.get(span.text, set())
        owners.append(min(here) if len(here) == 1 else last)
    return owners


def _is_row(text: str) -> bool:
    return "\n" not in text and text.count(" | ") > 1


def _facts(text: str, here: Sequence[Span]) -> set[tuple[str, str]]:
    records = {(RECORD, normal_form(RECORD, span.original)) for span in here if span.finding.type == RECORD}
    births = {
        (DATE, normal_form(DATE, span.original))
        for span in here
        if span.finding.type == DATE and _BIRTH.search(text[max(0, span.start - _REACH) : span.start])
    }
    return {fact for facts in (records, births) if len(facts) == 1 for fact in facts}


def _is_subject(text: str, span: Span) -> bool:
    before = text[max(0, span.start - _REACH) : span.start]
    return bool(_SUBJECT.search(before) or (not before.strip() and _CELL_FOLLOWS.match(text, span.end)))


def _one_of_each(facts: set[tuple[str, str]]) -> bool:
    return len({kind for kind, _ in facts}) == len(facts)
