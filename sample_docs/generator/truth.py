"""The ground truth: what was planted where, and what may be asked, answered and seen."""

import re
from pathlib import Path
from typing import Any

import yaml

from generator.formats import pdf
from generator.formats.written import Written
from generator.markup import Source, resolve
from generator.people import People

Json = dict[str, Any]


def build(content: Path, people: People, made: dict[str, tuple[Source, Written]]) -> Json:
    """Everything that `ground_truth.json` holds; `made` maps a document's path to its source and file."""
    plan: Json = yaml.safe_load((content / "collections.yaml").read_text("utf-8"))
    collections = {
        name: {**facts, "documents": sorted(path for path in made if path.startswith(f"{name}/"))}
        for name, facts in plan["collections"].items()
    }
    questions = [q for name in collections for q in _questions(content, name, plan, people, made)]
    identifiers = [i for path in sorted(made) for i in _identifiers(path, *made[path])]
    return {"collections": collections, "users": plan["users"], "identifiers": identifiers, "questions": questions}


def _identifiers(path: str, source: Source, written: Written) -> list[Json]:
    mentions = [*((0, m) for m in source.name_mentions), *written.mentions]
    counted: dict[tuple[int, Any], int] = {}
    for at in mentions:
        counted[at] = counted.get(at, 0) + 1
    return [
        {"document": path, "page": page, "value": m.value, "type": m.type, "identifier": m.identifier,
         "person": m.person, "field": m.field, "count": count}
        for (page, m), count in counted.items()
    ]


def _questions(
    content: Path, name: str, plan: Json, people: People, made: dict[str, tuple[Source, Written]]
) -> list[Json]:
    """Complete one collection's questions: ids, pages of their quotes, who may and may not see the answer."""
    users = plan["users"]
    readers = set(plan["collections"][name]["readers"])
    inside = [u["login"] for u in users if readers & set(u["groups"])]
    outside = [u["login"] for u in users if not readers & set(u["groups"])]
    out = []
    for number, entry in enumerate(yaml.safe_load((content / name / "questions.yaml").read_text("utf-8")), start=1):
        answers = [str(a) for a in entry.get("a", [])]
        needs_identity = bool(entry.get("needs_identity"))
        allowed = [u["login"] for u in users if u["login"] in inside and (u["search_by_identity"] or not needs_identity)]
        out.append({
            "id": f"{name}-{number:02d}",
            "collection": name,
            "question": str(resolve(entry["q"], people)),
            "answerable": bool(answers),
            "answers": answers,
            "match": entry.get("match", "any"),
            "sources": [_source(f"{name}/{document}", quote, made) for document, quote in entry.get("src", [])],
            "kind": entry["kind"],
            "purpose": entry.get("purpose", plan["collections"][name]["purpose"]),
            "may_see": allowed,
            "may_not_see": outside,
            "needs_identity": needs_identity,
        })
    return out


def _source(path: str, quote: str, made: dict[str, tuple[Source, Written]]) -> Json:
    """Where the quote stands. Raises ValueError when it stands nowhere, or on several pages."""
    pages = [n for n, text in enumerate(page_texts(path, *made[path]), start=1) if quote in text]
    if len(pages) != 1:
        raise ValueError(f"{path}: quote on {len(pages)} pages: {quote}")
    return {"document": path, "page": pages[0], "quote": quote}


def page_texts(path: str, source: Source, written: Written) -> list[str]:
    """The text of each page as the sources spell it, cells of a row joined by ` | `."""
    if path.endswith(".pdf") and "scan" not in source.head:
        return pdf.page_texts(written.content)
    if path.endswith((".xlsx", ".pptx")):
        groups = [[title, *(t for b in blocks for t in b.texts())] for title, blocks in source.sections()]
        rows = [[" | ".join(map(str, r)) for b in blocks for r in b.rows] for _, blocks in source.sections()]
        return [re.sub(r"\s+", " ", " ".join([*map(str, g), *r])) for g, r in zip(groups, rows, strict=True)]
    pages = [""]
    for block in source.blocks:
        if block.kind == "break":
            pages.append("")
        pages[-1] += " ".join([*map(str, block.texts()), *(" | ".join(map(str, r)) for r in block.rows)]) + " "
    return [re.sub(r"\s+", " ", page) for page in pages]
