"""Sums and terms that were fixed for one person: awards, fines, salaries, pensions, sentences.

"Awarded the applicant PLN 7,500" and "sentenced to two years' imprisonment" help to find the person in public records;
a fee, a threshold or a dose does not. So an amount counts only in a sentence that speaks of such a payment, or anywhere
in a judgment: a text that names courts and a party to a case again and again.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result

CURRENCY = (
    r"(?:EUR|USD|GBP|CHF|PLN|TRL|TRY|YTL|ATS|DEM|FRF|ITL|ESP|PTE|GRD|BEF|NLG|SEK|NOK|DKK|FIM|ISK|CZK|SKK|HUF|ROL|RON|BGN|BGL|HRK|RSD|UAH|RUB|RUR|MDL|GEL|AMD|AZN|LTL|LVL|EEK|MTL|CYP|SIT|MKD|BAM|INR|JPY|CNY|AUD|CAD|NZD|ZAR|BRL|MXN|"
    r"(?i:euros?|dollars?|pounds?(?: sterling)?|francs?|marks?|lir[aeo]s?|liras?|zlotys?|złotys?|schillings?|kron(?:a|or|er|e)|forints?|roubles?|rubles?|hryvnias?|hryvnyas?|lei|leva?|drachmas?|pesetas?|escudos?|guilders?|rupees?|pesos?|yen|korunas?|kunas?|dinars?))"
)
_NATION = r"(?:(?:New[ ])?\p{Lu}\p{L}+[ ]){0,2}"
_AMOUNT = r"(?:\d{1,3}(?:[.,  ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?)(?:[ ](?:million|billion|thousand))?"
_IN_WORDS = r"(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million)[ -](?:and[ ])?){1,6}"
_MONEY = regex.compile(
    rf"(?<![\w.,]){CURRENCY}[ ]?{_AMOUNT}(?:[ ](?:left[ ])?\[[^\]\n]{{1,30}}\])?|[€£$][ ]?{_AMOUNT}(?![\w])"
    rf"|(?<![\w.,]){_AMOUNT}[ ]{_NATION}{CURRENCY}(?![\w])(?:[ ]\([A-Z]{{3}}\))?|\b{_IN_WORDS}{CURRENCY}(?![\w])(?:[ ]\([A-Z]{{3}}\))?"
)
_PARTY = regex.compile(
    r"\b(?:applicants?|claimants?|plaintiffs?|defendants?|appellants?|petitioners?|the accused|convicted|complainants?)\b",
    regex.IGNORECASE,
)
_PAID_TO_A_PERSON = regex.compile(
    r"\b(?:award(?:ed|s)?|compensation|damages?|fined?|fines|penalty|salary|wages?|earn(?:s|ed|ings)|pensions?|maintenance|alimony|indemni\w+|restitution|ransom|bribe|inheritance|severance|bail)\b",
    regex.IGNORECASE,
)
NUMBER = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|ninety)(?:-\p{L}+)?"
_TERM = rf"{NUMBER}(?:[ ]and[ ]a[ ]half)?[ -](?:years?|months?|weeks?|days?|hours?)(?:(?:,|[ ]and)[ ]{NUMBER}[ ](?:months?|weeks?|days?))?"
_SENTENCED = regex.compile(
    rf"\b(?P<v>{_TERM})(?='?s?'?[ ](?:of[ ])?(?:(?:rigorous|strict|suspended)[ ])?(?:imprisonment|detention|solitary|probation|community service|prison|hard labour))"
    rf"|\b(?:sentenced?|sentencing|convicted|imprisoned|detained|custody|remanded|imprisonment|term|tariff|disqualified|suspended|leave|period)\b[^.\n\d]{{0,40}}?\b(?:to|for|lasted|of|at|by)[ ](?P<v>{_TERM}|life imprisonment)",
    regex.IGNORECASE,
)
_LIFE = regex.compile(r"\bsentenced\b[^.\n]{0,60}\bto (?P<v>life imprisonment|death)\b", regex.IGNORECASE)
_SHARE = regex.compile(r"(?<![\w.,])\d{1,3}(?:[.,]\d{1,2})?[ ]?(?:%|per cent|percent)(?![\w])")
_COURT = regex.compile(
    r"\b(?:courts?|judgments?|tribunals?|appeals?|hearings?|prosecut\w+|plaintiffs?|indictment|imprisonment|convention|judges?)\b",
    regex.IGNORECASE,
)
PARTIES_OF_A_JUDGMENT = 5
"""Words for a party, and words for a court, that a text must have to be read as a judgment: loans have applicants too."""


class PersonalSumRecognizer(ApplianceRecognizer):
    """See the module."""

    NAME = "personal_sum"
    TYPES = ("QUANTITY",)

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Amounts paid to or by a person, and terms of imprisonment."""
        if not _count(_PARTY, text, self.name):
            return
        all_of_them = is_judgment(text, self.name)
        for match in matches(_MONEY, text, self.name):
            start, end = match.span()
            around = max(text.rfind("\n", 0, start), start - 160), text.find("\n", end)
            sentence = text[max(0, around[0]) : min(end + 100, around[1] if around[1] >= 0 else len(text))]
            if all_of_them or (_PAID_TO_A_PERSON.search(sentence) and _PARTY.search(sentence)):
                yield result("QUANTITY", start, end, 0.7, self, "sum awarded to or paid by a person")
        for pattern in (_SENTENCED, _LIFE) if all_of_them else (_LIFE,):
            for match in matches(pattern, text, self.name):
                start, end = match.span("v")
                yield result("QUANTITY", start, end, 0.65, self, "term of a sentence")
        if all_of_them:
            for match in matches(_SHARE, text, self.name):
                yield result("QUANTITY", match.start(), match.end(), 0.6, self, "rate in a judgment")

def is_judgment(text: str, recognizer: str) -> bool:
    """Whether a text names courts and a party to a case again and again. Raises RecognizerTimeout for `recognizer`."""
    return all(_count(pattern, text, recognizer) >= PARTIES_OF_A_JUDGMENT for pattern in (_PARTY, _COURT))


def _count(pattern: "regex.Pattern[str]", text: str, recognizer: str) -> int:
    """Matches of a pattern, counted up to what makes a judgment."""
    return sum(1 for _ in islice(matches(pattern, text, recognizer), PARTIES_OF_A_JUDGMENT))
