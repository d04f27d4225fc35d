
"""Free codes beside a label: record, account, member, case, docket, licence, passport, badge, room numbers.

The value is found first (a token with a digit), then the words before it are read backwards; so cost is linear
and the list of labels can be long. The same list reads the column headers of tables.
"""

from collections.abc import Iterable
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result

_MEDICAL = (
    r"m\.?r\.?n\.?|mr|(?:medical|med\.?|patient|hospital|health|clinical|case ?note|chart|unit)[ -](?:rec(?:ord)?s?|chart|file|history|unit|case)|"
    r"patient(?:'s)?(?: id)?|pt\.? id|pat(?:ient)?[ .-]?id|chart|hospital|unit|visit|encounter|accession|specimen|sample|admission|"
    r"nhc|historia(?: cl[ií]nica)?|n\.?[º°o]? ?h(?:ist)?\.?c?|episodio|c\.?i\.?p\.?a?|(?:patienten|fall)(?:nummer|nr\.?)|csn|har|empi|fin"
)
_ACCOUNT = (
    r"acc(?:oun)?ts?\.?|a/c|account|bank account|checking|savings|routing|aba|sort code|iban|bic|swift|wallet|loan|mortgage|facility|billing|guarantor|"
    r"customer|client|cif|konto(?:nummer|nr\.?)?|cuenta|ledger|beneficiary account|wire|transfer|transaction|trn|uetr"
)
_ID = (
    r"(?:health )?(?:insurance|ins\.?)(?: policy)?|member(?:ship)?|subscriber|beneficiary|policy(?:holder)?|group|plan|claim|authori[sz]ation|auth|prior auth|"
    r"medicare|medicaid|medi-cal|hicn?|mbi|nass|nss|nhs|ni(?:no)?|national insurance|npi|dea|upin|licen[cs]e(?: plate)?|lic\.?|driv(?:er|ing)(?:'?s)?(?: licen[cs]e)?|dl|permit|"
    r"certificate|cert\.?|registration|reg\.?|plate|passport|visa|travel document|identity(?: card| document)?|id(?:entity|entification)?(?: card)?|national id|"
    r"employee|emp\.?|staff|personnel|payroll|badge|service|army|military|soldier|force|rank|roster|student|user(?: ?name)?|login|operator|agent|"
    r"case|docket|matter|file|application|app\.?|appl\.?|reference|refs?\.?|our ref\.?|your ref\.?|ticket|incident|complaint|report|dossier|aktenzeichen|az\.?|expediente|"
    r"serial|s/n|sn|device|implant|pacemaker|pump|udi|imei|imsi|iccid|vin|vehicle|chassis|tail|hull|asset|tag|equipment|"
    r"ssn|social security|tax(?:payer)?|tin|ein|itin|vat|crn|company|business|dni|nif|nie|n\.?[º°o]? ?col(?:egiado)?\.?|colegiado|bsn|aadhaar|pan|"
    r"room|rm|bed|ward|bay|booking|reservation|pnr|travel order|order|clearance|contract|invoice|receipt|voucher|sar|str|kyc|screening|alert"
)
_NUMBER_WORD = (
    r"(?:numbers?|numero|número|num\.?|no\.?|nr\.?|nos\.?|n[.º°o]{1,2}|n\.?º|№|#|code|id(?:entifier)?|ident\.?)"
)
_AFTER = rf"(?:[ ./-]{{0,2}}{_NUMBER_WORD})*(?:[ \t]*(?:(?:is|was|are|:|=|-|#|\(|\[|\"|'|of|ending in|reads|\|)[ \t]*){{0,3}}|[:=]?[ \t]*\n[ \t]*)$"


def _label(words: str) -> "regex.Pattern[str]":
    return regex.compile(rf"(?<![\w])(?:{words}){_AFTER}", regex.IGNORECASE)


_STRONG = (
    ("MEDICAL_RECORD", _label(_MEDICAL)),
    ("ACCOUNT_NUMBER", _label(_ACCOUNT)),
    ("ID", _label(_ID)),
)
_EXPLICIT = regex.compile(rf"(?:{_NUMBER_WORD}|[:=#])[ \t(]*$", regex.IGNORECASE)
_ANY_NUMBER_LABEL = regex.compile(
    r"\b\p{L}[\p{L}./-]{1,20} ?(?:numbers?|no\.?|nr\.?|#|id)[ :=#(]{0,3}(?:is )?$", regex.IGNORECASE
)
STRUCTURE = regex.compile(
    r"\b(?:part|model|form|clause|section|sec\.?|article|art\.?|rule|schedule|annex|appendix|chapter|version|rev(?:ision)?|issue|edition|release|build|page|p\.|pp\.|table|fig(?:ure)?|"
    r"step|item|line|law|act|decree|directive|resolution|regulation|ordinance|paragraph|para|§+|cfr|c\.f\.r\.|usc|iso|iec|en|din|nsn|stock|sku|catalog(?:ue)?|size|type|grade|class|level|phase|stage|category|protocol no|mil-std|stanag|"
    r"atc|icd(?:-10)?|cpt|snomed|loinc|ndc|lot|batch|torque|task|figure)(?:[ ./-]{0,2}(?:numbers?|no\.?|nr\.?|#))?[ :#(]{0,3}$",
    regex.IGNORECASE,
)
_CODE = regex.compile(
    r"(?<![\w@/.#-])(?=[A-Za-z./-]{0,12}\d)(?:[A-Z]?\d{1,12}(?:[ -]\d{2,8}){1,5}(?![\w-])|[A-Za-z\d]{1,24}(?:[/._-][A-Za-z\d]{1,24}){0,6})(?![\w@]|[.,]\d|-\w)"
)
_APPLICATION = regex.compile(r"(?<![\d/])(?P<v>\d{1,6}/\d{2})(?![\d/])")
_APPLICATION_LABEL = regex.compile(
    r"(?:\b(?:applications?|appl?\.?|cases?|petition|complaint|file|docket)\b[^\n\d]{0,25}|\bnos?\.?[ ]?|\d/\d{2}(?:[ ]?[,;]|[ ]and|[ ]&)[ ]?)$",
    regex.IGNORECASE,
)
_UNIT = regex.compile(
    r" ?(?:mg|mcg|ml|g|kg|cm|mm|km|%|hours?|hrs?|days?|weeks?|months?|years?|minutes?|mins?|nm|n·m|psi|bar|volts?|v|kw|hp|rpm|usd|eur|gbp|euros?|dollars?|pounds?|percent|ohms?|litres?|metres?|points?|a (?:year|month)|patients|people|beds|°)\b",
    regex.IGNORECASE,
)
_RATE = regex.compile(r"[mkµn]?(?:[gl]|mol|cal|units?|iu)/(?:min|h|hr|day|d|kg|m2|s|[mdk]?l)\b", regex.IGNORECASE)
_AMOUNT = regex.compile(r"\d{1,3}(?:,\d{3})*[.,]\d{1,2}|\d{1,3}")
_BARE_NUMBER_LABEL = regex.compile(r"\b(?:number|no\.?|nr\.?|id|code|#)[ :=]{0,2}$", regex.IGNORECASE)
_FILLER_DATE = regex.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:\d{2}|\d{4})|\d{4}-\d{2}-\d{2}|(?:19|20)\d{2}")


def label_type(label: str) -> str | None:
    """The type of identifier that a column header or form label announces, or None."""
    text = label.strip().rstrip(":").strip() + ": "
    for type_, pattern in _STRONG:
        match = pattern.search(text)
        if match and not text[: match.start()].strip().isdigit():
            return type_
    return None


class LabelledCodeRecognizer(ApplianceRecognizer):
    """A token with a digit whose label says what it identifies. Part, form, clause and version numbers stay."""

    NAME = "labelled_code"
    TYPES = ("MEDICAL_RECORD", "ACCOUNT_NUMBER", "ID")

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Codes after a label, application numbers, and mixed codes after any "... no."."""
        for match in matches(_CODE, text, self.name):
            start, end = match.span()
            value = match[0]
            digits = sum(character.isdigit() for character in value)
            if (
                _FILLER_DATE.fullmatch(value)
                or _AMOUNT.fullmatch(value)
                or _RATE.match(value)
                or (digits < 2 and len(value) < 4)
                or _UNIT.match(text, end)
            ):
                continue
            window = max(0, start - 48)
            if STRUCTURE.search(text, window, start):
                continue
            found = self._labelled(text, window, start, value, digits)
            if found:
                yield result(found[0], start, end, found[1], self, found[2])
        for match in matches(_APPLICATION, text, self.name):
            if _APPLICATION_LABEL.search(text, max(0, match.start() - 40), match.start()):
                yield result("ID", match.start(), match.end(), 0.85, self, "number/year after a case label")

    @staticmethod
    def _labelled(text: str, window: int, start: int, value: str, digits: int) -> tuple[str, float, str] | None:
        explicit = bool(_EXPLICIT.search(text, window, start))
        for type_, pattern in _STRONG:
            label = pattern.search(text, window, start)
            if label is None:
                continue
            if explicit and (digits >= 3 or len(value) >= 4):
                return type_, 0.9, f"after a label of {type_}"
            if digits >= 5 or (digits >= 3 and any(character.isalpha() for character in value)):
                return type_, 0.75, f"after a word for {type_}"
            if explicit and digits >= 2:
                return type_, 0.55, f"short code after a label of {type_}"
            return None
        if digits >= 3 and len(value) >= 6 and not value.isdigit() and _BARE_NUMBER_LABEL.search(text, window, start):
            return "ID", 0.55, "mixed code after the word number"
        if digits >= 4 and _ANY_NUMBER_LABEL.search(text, window, start):
            return "ID", 0.5, "after a label ending in number"
        return None
