"""A compliance report as PDF: facts first, then every control with its state and the records that bear it out."""

import io
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

COLOURS = {"held": "#17603a", "nothing": "#4f6369", "open": "#9b1c1c"}
SAID = {"held": "borne out", "nothing": "nothing in the period", "open": "OPEN"}


def as_pdf(report: Mapping[str, Any]) -> bytes:
    """The PDF of a report as `audit.compliance` gives it."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    head = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=16, leading=20, spaceAfter=8)
    part = ParagraphStyle("part", fontName="Helvetica-Bold", fontSize=10.5, leading=14, spaceBefore=9)
    plain = ParagraphStyle("plain", fontName="Helvetica", fontSize=9.5, leading=13)
    period = f"{report['from'] or 'the beginning'} to {report['to'] or 'now'}"
    story = [
        Paragraph(escape(report["title"]), head),
        Paragraph(escape(f"Period: {period}. Log: {report['log_records']} records, root {report['root']}."), plain),
        Paragraph("The appliance supports these controls. This report makes nobody compliant.", plain),
    ]
    for line in report["lines"]:
        story.append(Paragraph(escape(line["control"]), part))
        story.append(Paragraph(escape(line["claim"]), plain))
        said = f'<font color="{COLOURS[line["state"]]}"><b>{SAID[line["state"]]}</b></font>'
        numbers = ", ".join(map(str, line["records"][-12:]))
        proof = f"{line['count']} records{': ... ' if line['count'] > 12 else ': ' if numbers else ''}{numbers}"
        story.append(Paragraph(f"{said}. {escape(line['why'] or proof)}", plain))
    story.append(Paragraph("Facts of the period", part))
    story += [Paragraph(escape(f"{name.replace('_', ' ')}: {value}"), plain) for name, value in report["facts"].items()]
    out = io.BytesIO()
    margins = {"leftMargin": 20 * mm, "rightMargin": 20 * mm, "topMargin": 18 * mm, "bottomMargin": 18 * mm}
    SimpleDocTemplate(out, pagesize=A4, title=report["title"], author="appliance", invariant=1, **margins).build(story)
    return out.getvalue()
