"""Records packed for somebody outside: one JSON file with every proof, and the same to be read as PDF.

The JSON is what proves: each record's exact bytes, its sealed parts opened with their keys, its receipt under a
checkpoint signed now. `python check.py PACK.json --key verifier.pub` checks all of it. The PDF shows people the
same, with the proofs printed so that a page can be compared with the file.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from appliance.audit.export import disclose
from appliance.audit.log import AuditLog
from appliance.audit.record import decode
from appliance.errors import NotFound

FORMAT = "appliance-evidence@v1"


def pack(log: AuditLog, numbers: Iterable[int], about: Mapping[str, Any], *, opened: bool = True) -> bytes:
    """The pack of records by number, as JSON bytes. `about` says what it is for, who made it, and findings.

    Records that were erased come without their sealed parts, and say so. Raises NotFound for one that is not there.
    The caller records it (`EvidencePacked`).
    """
    records = []
    for number in sorted(set(numbers)):
        try:
            records.append(json.loads(disclose(log, number)) if opened else _closed(log, number))
        except NotFound:
            records.append({**_closed(log, number), "erased": True})
    whole = {
        "format": FORMAT, "key": log.verifier, "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "about": dict(about), "checkpoint": log.checkpoint(), "records": records,
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def _closed(log: AuditLog, number: int) -> dict[str, Any]:
    data = next(log.raw(number, number + 1), None)
    if data is None:
        raise NotFound("no such record in the audit log", "Give the number of a record")
    return {"record": data.decode(), "opened": [], "receipt": log.prove(number).proof}


def digest_of(content: bytes) -> str:
    """SHA-256 of a pack, hex."""
    return hashlib.sha256(content).hexdigest()


def as_pdf(content: bytes, title: str, lines: Iterable[str] = ()) -> bytes:
    """A pack as PDF: first `lines` of introduction, then every record with its proof. Deterministic."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    head = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=16, leading=20, spaceAfter=8)
    part = ParagraphStyle("part", fontName="Helvetica-Bold", fontSize=11, leading=14, spaceBefore=10, spaceAfter=3)
    plain = ParagraphStyle("plain", fontName="Helvetica", fontSize=9.5, leading=13)
    small = ParagraphStyle("small", fontName="Courier", fontSize=6.5, leading=8, wordWrap="CJK", textColor="#444444")
    whole = json.loads(content)
    story: list[Any] = [Paragraph(escape(title), head)]
    told = [
        *lines, f"Made {whole['made']}. {len(whole['records'])} records.",
        f"SHA-256 of the file that proves this: {digest_of(content)}",
        f"The log's public key: {whole['key']}",
        "To check without the appliance: python check.py PACK.json --key verifier.pub",
    ]  # fmt: skip
    story += [Paragraph(escape(_shown(line)), plain) for line in told]
    for each in whole["records"]:
        record = decode(each["record"].encode(), None)
        story += [Spacer(1, 2 * mm), Paragraph(escape(f"Record {record.index}: {record.kind}"), part)]
        who = record.actor + (f" by {record.operator}" if record.operator else "")
        story.append(Paragraph(escape(f"{record.time}, {who}, id {record.id}"), plain))
        story += [Paragraph(escape(_shown(line)), plain) for line in _facts(record.public)]
        for opened in each["opened"]:
            story += [Paragraph(f"<b>{escape(n)}</b>: {escape(_shown(v))}", plain) for n, v in _texts(opened["data"])]
        if each.get("erased"):
            story.append(Paragraph("Its sealed parts were erased; the proof still holds.", plain))
        story += [Paragraph(escape(_shown(line)), small) for line in each["receipt"].split("\n") if line]
    out = io.BytesIO()
    margins = {"leftMargin": 20 * mm, "rightMargin": 20 * mm, "topMargin": 18 * mm, "bottomMargin": 18 * mm}
    SimpleDocTemplate(out, pagesize=A4, title=title, author="appliance", invariant=1, **margins).build(story)
    return out.getvalue()


def _facts(public: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {_plain(value)}" for name, value in public.items() if value not in ("", [], {}, 0)]


def _texts(data: str) -> list[tuple[str, str]]:
    return [(name, _plain(value)) for name, value in json.loads(data).items()]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(text: str) -> str:
    """What the standard fonts can print: Latin-1, other characters named."""
    return text.replace("\N{EM DASH}", "--").encode("latin-1", "xmlcharrefreplace").decode("latin-1")
