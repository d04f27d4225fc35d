"""What a question asks for: its kind, the type of answer expected, its parts; and which texts hold such an answer."""

import re
from dataclasses import dataclass

from appliance.answering.words import DATE, NUMBER, SURROGATE, names, stems

_AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|can|could|should|shall|would|will|has|have|had|may|might|must|"
    r"isn't|aren't|doesn't|don't|didn't)"
)
KINDS: tuple[tuple[str, str], ...] = (
    (
        "date",
        r"\b(?:when\b|(?:what|which) (?:\w+ )?(?:date|day|month|year|time)\b|since when|due date|deadline|"
        r"expir\w+ date|as of which)",
    ),
    (
        "duration",
        r"\b(?:how long|how often|how frequent\w*|how soon|how quickly|what (?:is the )?(?:duration|interval|"
        r"frequency)|incubation period|retention period|within how many)",
    ),
    (
        "quantity",
        r"\b(?:how (?:many|much|old|far|large|big|high|low|fast|deep|heavy|wide)|what (?:percent\w*|proportion|"
        r"fraction|share|number|amount|"
        r"dose|dosage|rate|ratio|size|level|price|cost|value|weight|temperature|pressure|limit|threshold|"
        r"balance|total|average|median|mean|change|difference|increase|decrease)"
        r"|what (?:is|was|were|are) the (?:\w+ ){0,4}?(?:percent\w*|proportion|fraction|number|amount|dose|"
        r"dosage|rate|ratio|size|level|price|cost|weight|temperature|pressure|"
        r"limit|threshold|balance|total|average|median|mean|prevalence|incidence|mortality|age|length|torque|"
        r"voltage|capacity|change|difference|income|revenue|expenses?|sales|fee|sum|count|score))",
    ),
    ("person", r"\b(?:who|whom|whose|which (?:person|doctor|physician|nurse|officer|patient|customer|consultant))\b"),
    (
        "place",
        r"\b(?:where|(?:what|which) (?:country|countries|city|place|location|ward|room|hospital|region|site|branch))\b",
    ),
    (
        "reason",
        r"\b(?:why|what (?:is|was|are|were) the (?:\w+ ){0,2}?(?:reason|cause|purpose|rationale)|what causes?|"
        r"for what reason)\b",
    ),
    (
        "procedure",
        r"\b(?:how (?:do|does|should|can|to|must|is|are|was|were)|what (?:are the )?steps|what (?:is the "
        r")?procedure|what should .* do|what to do)\b",
    ),
    (
        "list",
        r"\b(?:list|name the|what (?:are|were)\b|which \w+s\b|what (?:kinds|types|sorts) of|what \w+s (?:are|"
        r"were|do|have|can)\b)",
    ),
    (
        "definition",
        r"^(?:what (?:is|was|does) (?:an? |the )?[\w\s-]{2,40}(?: mean| stand for)?\??$|define\b|meaning of)",
    ),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in KINDS)
_YES_NO = re.compile(rf"^\W*(?:[\w\s,:'-]{{0,80}}?[:,] )?{_AUXILIARY}\b(?!\s+(?:\w+\s+)?me\b)", re.IGNORECASE)
_OR = re.compile(r"\b\w+ or (?:an? |the )?\w+\b", re.IGNORECASE)
_WHEN = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b|\b\d{1,2}:\d\d\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|several|few)[\s-]*(?:to \d+ )?(?:second|"
    r"minute|hour|day|week|month|year)s?\b|\b(?:daily|weekly|monthly|annually|yearly|hourly|twice|once|every|"
    r"quarterly)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|due to|owing to|caused? by|as a result|since|therefore|in order to|so that|reason|"
    r"attribut\w+|result\w* (?:from|of|in)|lead\w* to|contribut\w+|to (?:avoid|prevent|ensure|reduce))\b",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"\b(?:by \w+ing|using|via|through|first|then|next|must|should|step|perform\w*|ensure|apply|press|open|"
    r"check|contact|use[ds]?)\b",
    re.IGNORECASE,
)
_IS_A = re.compile(
    r"\b(?:is|are|was|were|means?|refers? to|defined as|known as|called|stands for|consists? of|i\.e\.)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:in|at|from|near|to|of) (?:the )?[A-Z]\w+|\b(?:ward|room|hospital|building|floor|city|country|"
    r"province|street|bay|wing)\b"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`kind` is one of KINDS' names, `yes_no` or `other`; `parts` are the questions in it, at least one."""

    kind: str
    parts: tuple[str, ...]


def understand(question: str) -> Asked:
    """The kind of a question and its parts; a conjunction of two questions has two parts."""
    return Asked(_kind(question), _parts(question))


def fits(kind: str, text: str) -> float:
    """1 when `text` holds something of the type that `kind` expects, 0 when not, .5 where any text may."""
    if kind == "date":
        return float(bool(_WHEN.search(text) or DATE.search(text)))
    if kind == "duration":
        return float(bool(_SPAN.search(text)))
    if kind == "quantity":
        return float(bool(NUMBER.search(SURROGATE.sub(" ", text))))
    if kind == "person":
        return float("[PERSON" in text or "[DOCTOR" in text or bool(names(text)))
    if kind in _MARKS:
        return float(bool(_MARKS[kind].search(text)))
    if kind == "list":
        return float(text.count(",") >= 2 or " and " in text)
    return 0.5


_MARKS = {"place": _PLACE, "reason": _REASON, "procedure": _HOW, "definition": _IS_A}


def _kind(question: str) -> str:
    if _YES_NO.match(question) and not _OR.search(question):
        return "yes_no"
    best = min(
        (
            (match.start(), order, kind)
            for order, (kind, pattern) in enumerate(_COMPILED)
            if (match := pattern.search(question))
        ),
        default=(0, 0, "other"),
    )
    return best[2]


def _parts(question: str) -> tuple[str, ...]:
    pieces = [
        piece.strip()
        for piece in re.split(
            rf"\?\s+(?=\w)|[,;]?\s+and\s+(?=(?:what|when|who|whom|where|why|how|which|{_AUXILIARY})\b)|;\s+",
            question,
            flags=re.IGNORECASE,
        )
        if piece
    ]
    whole = [piece for piece in pieces if stems(piece)]
    return tuple(whole) if 1 < len(whole) <= 4 else (question,)
