"""How much personal data a profile leaves, and how much else it takes: measured on labelled texts.

Rows are `{"id", "text", "entities": [{"start", "end", "type", "identifier"[, "entity_id"]}]}`, offsets in code
points. A mention counts as masked when every letter and digit of it is, articles, titles and prepositions
aside; an entity (mentions sharing `entity_id`) when all its mentions are, as in the Text Anonymization
Benchmark (Pilan et al. 2022, section 6). A leaking document shows at least one direct mention.
"""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import UsageError
from appliance.redaction.detection import Detector
from appliance.redaction.findings import Finding
from appliance.redaction.policy import Profile

_TOKEN = re.compile(r"[^\W_]+")
_NEEDLESS = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "the", "a", "an", "of", "in", "at", "on", "and", "for", "to", "by", "from", "s", "de", "del", "la", "el", "los", "las", "y"])  # noqa: E501
MISSES_SHOWN = 10


@dataclass(slots=True)
class _Tally:
    """Sums over documents."""

    characters: int = 0
    documents: int = 0
    leaking: int = 0
    masked: int = 0
    masked_any: int = 0
    masked_identifying: int = 0
    gold: int = 0
    gold_masked: int = 0
    false_alarms: int = 0
    entities: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    mentions: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    found: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


def checked_rows(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows whose spans lie in their text. Raises UsageError naming the row that does not."""
    for number, row in enumerate(rows, 1):
        text, entities = row.get("text"), row.get("entities", [])
        if not isinstance(text, str) or not isinstance(entities, list):
            raise UsageError(
                f"row {number} needs a text and a list of entities", "See the data format in docs/developer.md"
            )
        for entity in entities:
            start, end = entity.get("start"), entity.get("end")
            if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
                raise UsageError(
                    f"row {number} has an entity outside its text", "Offsets are code points, end exclusive"
                )
        yield row


def evaluate(
    detector: Detector,
    profile: Profile,
    rows: Iterable[dict[str, Any]],
    workers: int = 1,
    misses: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Run `detector` under `profile` over labelled `rows`.

    Returns counts, seconds and `characters_per_second`; `direct`, `quasi`: mention and entity recall;
    `character_precision` (masked characters inside any label) and `strict_character_precision` (inside direct
    or quasi ones); `character_recall`, `character_f2` over direct and quasi; `leaking_documents` (a share);
    `false_alarms_per_10k_characters` (findings that touch no label); and per type recall, precision and F2.
    `misses`, if given, receives {"id", "start", "end", "type", "identifier"} of each unmasked mention.
    """
    data = list(checked_rows(rows))
    if not data:
        raise UsageError("the data file is empty", "Give one JSON object a line")
    tally = _Tally()
    started = time.perf_counter()
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(lambda row: detector.find_text(row["text"], profile).items, data))
    else:
        found = [detector.find_text(row["text"], profile).items for row in data]
    seconds = time.perf_counter() - started
    for row, items in zip(data, found, strict=True):
        _count(tally, row, items, misses)
    return _figures(tally, profile, seconds)


def _count(tally: _Tally, row: dict[str, Any], items: Sequence[Finding], misses: list[dict[str, Any]] | None) -> None:
    text, entities = row["text"], row.get("entities", [])
    mask, labelled, identifying = bytearray(len(text)), bytearray(len(text)), bytearray(len(text))
    for item in items:
        mask[item.start : item.end] = b"\1" * (item.end - item.start)
    for entity in entities:
        span = slice(entity["start"], entity["end"])
        labelled[span] = b"\1" * (span.stop - span.start)
        if entity["identifier"] != "no":
            identifying[span] = b"\1" * (span.stop - span.start)
    tally.documents += 1
    tally.characters += len(text)
    for position, character in enumerate(text):
        if not character.isspace():
            tally.masked += mask[position]
            tally.masked_any += mask[position] & labelled[position]
            tally.masked_identifying += mask[position] & identifying[position]
            tally.gold += identifying[position]
            tally.gold_masked += mask[position] & identifying[position]
    for item in items:
        touches = any(labelled[item.start : item.end])
        tally.false_alarms += not touches
        tally.found[item.type][0] += touches
        tally.found[item.type][1] += 1
    whole: dict[tuple[str, str], bool] = {}
    leaks = False
    for number, entity in enumerate(entities):
        kind = entity["identifier"]
        hit = _is_masked(text, entity["start"], entity["end"], mask)
        if kind != "no":
            tally.mentions[entity["type"]][0] += hit
            tally.mentions[entity["type"]][1] += 1
            key = (kind, str(entity.get("entity_id") or f"#{number}"))
            whole[key] = whole.get(key, True) and hit
            tally.mentions[f"identifier {kind}"][0] += hit
            tally.mentions[f"identifier {kind}"][1] += 1
            if not hit and misses is not None:
                misses.append(
                    {"id": row.get("id"), **{name: entity[name] for name in ("start", "end", "type", "identifier")}}
                )
        leaks = leaks or (kind == "direct" and not hit)
    tally.leaking += leaks
    for (kind, _), hit in whole.items():
        tally.entities[kind][0] += hit
        tally.entities[kind][1] += 1


def _is_masked(text: str, start: int, end: int, mask: bytearray) -> bool:
    tokens = list(_TOKEN.finditer(text, start, end))
    needed = [match for match in tokens if match[0].casefold() not in _NEEDLESS] or tokens
    return all(all(mask[match.start() : match.end()]) for match in needed)


def _ratio(hits: float, total: float) -> float | None:
    return round(hits / total, 4) if total else None


def _f2(precision: float | None, recall: float | None) -> float | None:
    if precision is None or recall is None or not precision + recall:
        return None
    return round(5 * precision * recall / (4 * precision + recall), 4)


def _figures(tally: _Tally, profile: Profile, seconds: float) -> dict[str, Any]:
    strict, recall = _ratio(tally.masked_identifying, tally.masked), _ratio(tally.gold_masked, tally.gold)
    precision = _ratio(tally.masked_any, tally.masked)
    types = sorted({name for name in (*tally.mentions, *tally.found) if not name.startswith("identifier ")})
    by_type = {}
    for name in types:
        hit, total = tally.mentions[name]
        right, made = tally.found[name]
        by_type[name] = {
            "mentions": total,
            "findings": made,
            "recall": _ratio(hit, total),
            "precision": _ratio(right, made),
            "f2": _f2(_ratio(right, made), _ratio(hit, total)),
        }
    return {
        "profile": profile.name,
        "profile_digest": profile.digest,
        "documents": tally.documents,
        "characters": tally.characters,
        "seconds": round(seconds, 3),
        "characters_per_second": round(tally.characters / seconds, 1) if seconds else None,
        **{
            kind: {
                "mentions": tally.mentions[f"identifier {kind}"][1],
                "entities": tally.entities[kind][1],
                "mention_recall": _ratio(*tally.mentions[f"identifier {kind}"]),
                "entity_recall": _ratio(*tally.entities[kind]),
            }
            for kind in ("direct", "quasi")
        },
        "leaking_documents": _ratio(tally.leaking, tally.documents),
        "character_precision": precision,
        "strict_character_precision": strict,
        "character_recall": recall,
        "character_f2": _f2(precision, recall),
        "false_alarms": tally.false_alarms,
        "false_alarms_per_10k_characters": _ratio(tally.false_alarms * 10_000, tally.characters),
        "types": by_type,
    }
