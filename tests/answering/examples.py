"""Passages and questions that several tests of answering use."""

from appliance.answering.answer import Evidence, EvidenceSentence, Question
from appliance.search.chunk import Chunk, ChunkSpan, Passage

PROTOCOL = (
    "Anticoagulation protocol\n"
    "Start the heparin infusion at 18 units/kg per hour after the bolus. Check anti-Xa six hours after every change. "
    "Do not give heparin to patients with a platelet count below 50. Dr. Harlow approved version 2 on 12 March 2024."
)
TABLE = (
    "Anti-Xa | Hold | Change\nbelow 0.2 | none | Increase by 4 units/kg per hour\n0.81 to 0.99 | 30 minutes "
    "| Decrease by 2 units/kg per hour"
)
ROTA = "The ward is cleaned daily. Visiting hours are 14:00 to 18:00. Parking costs 3 euros a day."


def passage(text: str, name: str = "c1", *, flagged: bool = False, title: str = "") -> Passage:
    middle = len(text) // 2
    spans = (
        ChunkSpan(0, middle, 3, 0, ((10.0, 10.0, 90.0, 20.0, 0, middle),)),
        ChunkSpan(middle, len(text), 4, 1, ((10.0, 30.0, 90.0, 40.0, middle, len(text)),)),
    )
    chunk = Chunk(name, 0, text, title, (), spans, flagged=flagged)
    return Passage(chunk, f"document-{name}", "v1", "hospital", "label", 1.0)


def evidence_of(*texts: str) -> Evidence:
    found = []
    for number, text in enumerate(texts):
        source = passage(text, f"c{number}")
        found.append(EvidenceSentence(source, 0, len(text), text, 3, (), 0.9))
    return Evidence(tuple(found), 0.9)


def question(text: str) -> Question:
    return Question(text)
