"""Which part of a question of several parts is answered, and by which quotations."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from appliance.answering import followup
from appliance.answering.answer import Abstention, Evidence, EvidenceSentence, Part, Question
from appliance.answering.asking import understand
from appliance.search.chunk import Passage

Select = Callable[[Question, Sequence[Passage]], Evidence | Abstention]


def by_part(
    question: Question, passages: Sequence[Passage], select: Select, found: Evidence | Abstention
) -> Evidence | Abstention:
    """`found`, with what is known of each part, and the best sentence of each part that is answered among its own.

    A question of one part is left as it is. A later part is read after the one before it: "and who may give it?".
    An abstention from the whole becomes the evidence of the part that is answered.
    """
    texts = understand(question.text).parts
    if len(texts) < 2:
        return found
    parts, best, before = [], [], ""
    for text in texts:
        asked = followup.resolved(text, before)
        before = asked
        own = select(replace(question, text=asked), passages)
        answered = isinstance(own, Evidence)
        parts.append(Part(text, answered, own.probability))
        if isinstance(own, Evidence) and own.sentences:
            best.append(own.sentences[0])
    if not best:
        return replace(found, parts=tuple(parts))
    shown = list(found.sentences if isinstance(found, Evidence) else ())
    missing = [each for each in best if not any(_same(each, other) for other in shown)]
    kept = shown[: max(len(shown) - len(missing), 1)] if shown else []
    probability = max([part.probability for part in parts if part.answered] + [found.probability])
    return Evidence((*kept, *missing), probability, tuple(parts))


def _same(one: EvidenceSentence, other: EvidenceSentence) -> bool:
    return (one.passage.chunk.id, one.start) == (other.passage.chunk.id, other.start)
