"""Facts of a person's case that a judgment tells and a reader could look up: in texts read as judgments only.

Their health, trade and movement, hours and feast days of what happened, how many were tried with them. Elsewhere the
same words are the matter itself: a note's diagnosis, a rota's hours. The Text Anonymization Benchmark (Pilan et al.
2022, section 4) asks for these as quasi-identifiers; health and beliefs are special categories (GDPR Art. 9(1)).
"""

from collections.abc import Iterable
from typing import Any

from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import Rule, RuleRecognizer, rule
from appliance.redaction.recognizers.dates import MONTHS
from appliance.redaction.recognizers.sums import CURRENCY, NUMBER, is_judgment

_YEAR = r"(?:1[89]|20)\d{2}"
_DATE = rf"(?:(?:\d{{1,2}}[ ])?(?:{MONTHS})[ ]{_YEAR}|{_YEAR})"
_NO_TRADE = (
    r"(?!(?:national|citizen|minor|member|party|person|man|woman|company|candidate|widow|widower|child|foreigner|"
    r"victim|witness|suspect|defendant|result|lot|number|matter|case|former|very|long|new|second|third|further|certain|"
    r"non|well|good|joint|co)\b)"
)
_TRADE = rf"{_NO_TRADE}(?P<v>\p{{Ll}}[\p{{Ll}}-]{{3,}}(?: (?!(?:who|which|at|of|in|for|from|with|born|and|whose|by|on|to|that|working|employed|living|as|or)\b)\p{{Ll}}[\p{{Ll}}-]+){{0,2}})"
_HEALTH = (
    r"(?:paranoid|chronic|acute|severe|mild|advanced|bipolar|post-traumatic|personality|mental|terminal|congenital)"
)
_ILLNESS = (
    r"(?:\p{L}{3,}(?:phrenia|itis|oma|osclerosis|culosis|leukaemia|pathy|plegia|lepsy)|cancer|HIV|AIDS|diabetes|asthma|depression|"
    r"dementia|blindness|deafness|stress disorder|personality disorder)"
)
_FEAST = (
    r"(?:All (?:Saints|Souls)'? Day|Christmas(?: (?:Eve|Day))?|Easter(?: (?:Sunday|Monday|Eve))?|Good Friday|Corpus Christi"
    r"|New Year's (?:Eve|Day)|Ramadan|Yom Kippur|Passover|May Day|Labour Day|Newroz|Nevruz|(?:Independence|Liberation|Victory) Day)"
)
_PEOPLE = (
    r"(?:persons?|people|defendants|co-defendants|accused|suspects|witnesses|decisions|hearings|victims|children|prisoners|"
    r"inmates|employees|workers|police officers|officers|demonstrators|protesters|claimants|villagers|families|"
    r"letters|counts|complainants|charges|offences|occasions|sessions|experts|reports|flats|plots|hectares|companies|countries)"
)


class CaseFactRecognizer(RuleRecognizer):
    """See the module."""

    NAME = "case_fact"
    TYPES = ("DATE_TIME", "DEMOGRAPHIC", "ORGANIZATION", "QUANTITY", "OTHER")
    RULES: tuple[Rule, ...] = (
        rule("DEMOGRAPHIC", rf"(?<!\p{{L}})(?:{_HEALTH} )?{_ILLNESS}(?!\p{{L}})", 0.55, "illness"),
        rule(
            "DEMOGRAPHIC",
            r"(?<!\p{L})(?:(?:total|partial|permanent|severe|mental|physical) (?:\p{Ll}+ )?(?:disability|invalidity|incapacity|illness|disorder)"
            r"|loss of (?:sight|vision|hearing)(?: in (?:his|her|the) (?:left|right) \p{Ll}+)?)(?!\p{L})",
            0.55,
            "disability",
        ),
        rule("DEMOGRAPHIC", rf"(?i:\b(?:applicant|appellant|plaintiff|claimant|defendant|petitioner|accused)s?), (?:then |currently |formerly )?an? {_TRADE}", 0.55, "what the party is"),
        rule(
            "DEMOGRAPHIC",
            rf"\bborn in {_YEAR}[^.\n]{{0,60}}?\b(?:was|is|had been) an? {_TRADE}",
            0.55,
            "what the party is, after a birth",
        ),
        rule("DATE_TIME", rf"(?<!\p{{L}}){_FEAST}(?!\p{{L}})", 0.55, "feast day"),
        rule(
            "DATE_TIME",
            r"(?<![\w.,])(?:\d{1,2}(?:[.:]\d{2})? ?(?:[ap]\.m\.|[ap]m\b|noon\b|o'clock)|(?:[01]?\d|2[0-3]):[0-5]\d(?![\w:]))",
            0.55,
            "hour of an event",
        ),
        rule("DATE_TIME", rf"(?i)\bbetween {_DATE} and {_DATE}(?!\w)", 0.7, "time between two dates"),
        rule(
            "DATE_TIME",
            rf"(?i)\b(?:end|beginning|start|middle) of (?:{MONTHS})(?: {_YEAR})?(?!\w)|\b(?:early|late|mid)[ -](?:{MONTHS}) {_YEAR}(?!\w)",
            0.6,
            "part of a month",
        ),
        rule(
            "QUANTITY",
            rf"\((?P<v>(?:approximately|about|around|some|equivalent to) (?=[^()\n]{{0,30}}{CURRENCY})[^()\n]{{2,40}}(?:\([^()\n]{{1,12}}\))?)\)",
            0.7,
            "sum converted",
        ),
        rule(
            "QUANTITY",
            rf"(?i)(?<![\w.,§/-])(?!(?:one|two|three|[123]|{_YEAR})\b)(?:\d{{1,4}}|{NUMBER}) (?:(?:other|more|further) )?(?:(?!the\b|and\b|of\b)[\p{{L}}-]+ )?{_PEOPLE}\b",
            0.55,
            "how many",
        ),
        rule(
            "QUANTITY",
            rf"(?i)\b(?:for|lasted|lasting|period of|term of|sentence of|total of|over|than|nearly|almost|about|approximately|after|taken|served|spent)"
            rf" (?P<v>(?:{NUMBER})(?:[ -]and[ -]a[ -]half)?[ -](?:years?|months?|weeks?|days?|hours?)(?:(?:,| and) (?:{NUMBER}) (?:months?|weeks?|days?))?)(?!\w)",
            0.55,
            "how long",
        ),
        rule(
            "QUANTITY",
            r"(?i)(?<![\w.,])\d[\d.,]* ?(?:sq\. ?m|square (?:met(?:re|er)s|feet)|m2|m\u00b2|hectares?|acres?|kg|kilograms?|grams?|kilomet(?:re|er)s?)(?!\w)",
            0.55,
            "size or weight",
        ),
        rule("QUANTITY", r"(?i)\b(?:death penalty|(?:discretionary |mandatory )?life imprisonment)\b", 0.55, "penalty"),
        rule(
            "DEMOGRAPHIC",
            rf"(?i:\b(?:work(?:ed|s|ing)|employed|practi[sc](?:ed|es|ing)|serv(?:ed|ing)) as an? ){_TRADE}",
            0.55,
            "what somebody works as",
        ),
        rule(
            "OTHER",
            r"\"(?!the |The |[\p{Lu}\d.-]+\")\p{Lu}[^\"\n]{3,60}\"(?: (?:movement|organi[sz]ation|party|group|newspaper|magazine|campaign)\b)?",
            0.55,
            "named in quotation marks",
        ),
        rule(
            "ORGANIZATION",
            r"(?<!\p{L})\p{Lu}\p{Ll}+(?:ish|ch|an|ese|k|c) (?:[aA]rmy|[nN]avy|[aA]ir [fF]orce|[aA]rmed [fF]orces|[gG]endarmerie)(?!\p{L})",
            0.55,
            "forces of a state",
        ),
        rule(
            "ORGANIZATION",
            r"\b(?:illegal|armed|terrorist|criminal|banned|outlawed|proscribed) (?:armed )?(?:organi[sz]ation|party|group|movement)(?:,| called| named| namely|, namely)? (?:the )?"
            r"[\"]?(?P<v>\p{Lu}[\p{L}]+(?:-\p{L}+)?(?: \(\p{Lu}[^()\n]{2,50}\))?)",
            0.55,
            "named group",
        ),
    )

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Apply the rules to a judgment; nothing in any other text."""
        return super().spans(text, nlp_artifacts) if is_judgment(text, self.name) else ()


__all__ = ["CaseFactRecognizer"]
