
"""Telephone, fax and pager numbers world-wide.

Candidates come from one linear pattern; `phonenumbers` (Google's libphonenumber) judges international ones,
North American ones are judged by form, others need a label. Measured: `PhoneNumberMatcher` over the whole
text for several regions, as Presidio does, costs more than all other patterns together.
"""

from collections.abc import Iterable
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result
from appliance.redaction.recognizers.codes import STRUCTURE

_CANDIDATE = regex.compile(
    r"(?<![\w/.:=#-])(?<!\d[ ,])(?:\+|00|\(\+?\d|\()?\d(?:[ .\u00b7/-]{0,2}\(?\d\)?){5,16}(?![\w]|[.,/:-]\d|%|-[A-Za-z]\b)"
    r"(?P<ext>[ ,;]{0,2}(?:ext\.?|extension|x|durchwahl|anexo|poste)[ .:#]{0,2}\d{1,6}(?!\w))?",
    regex.IGNORECASE,
)
_LABEL = regex.compile(
    r"(?:\b(?:tel(?:ephone|[eé]f(?:ono)?|f|\.)?\.?|tlf(?:no)?\.?|tfno\.?|telf\.?|phone|ph|mobile|cell(?:phone|ular)?|m[oó]vil|fax|pager|beeper|bleep|call(?:ed|ing|s)?|dial|ring|text|sms|whatsapp|"
    r"contact(?:ed)?(?: (?:number|no|at|me|us|him|her|them))?|reach(?:ed|able)?(?: (?:me|us|him|her|them))?(?: (?:at|on))?|answering at|number is|"
    r"messages? to|hotline|helpline|landline|office|home|work|desk|direct(?: line)?|voicemail|line)\b|(?:^|[\s(|])[tmfp]:)[^\n\d]{0,25}$",
    regex.IGNORECASE,
)
_LABEL_AFTER = regex.compile(r"[ ]?[-(]?[ ]?(?:office|fax|mobile|home|work|cell|desk|phone)\b", regex.IGNORECASE)
_NANP = regex.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([ .-]))[2-9]\d{2}[ .-]\d{4}")
_NANP_LOOSE = regex.compile(r"(?:(?:\+|00)?1[ .-]?)?\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]?\d{4}")
_BREAK = r"(?:[ ]{0,3}[\n|][ ]{0,3}|[ ]{2,3}|_)"
_BROKEN = regex.compile(
    rf"(?<![\w.(+-])(?:\([2-9]\d{{2}}\)(?:{_BREAK}[2-9]\d{{2}}[ .-]\d{{4}}|[ ]?[2-9]\d{{2}}[.-]?{_BREAK}\d{{4}})"
    rf"|[2-9]\d{{2}}([.-]){_BREAK}?[2-9]\d{{2}}\1{_BREAK}\d{{4}}|[2-9]\d{{2}}([.-]){_BREAK}[2-9]\d{{2}}\2\d{{4}}"
    rf"|\+\d{{1,3}}[ -]?(?:\d[ -]?){{2,8}}{_BREAK}(?:\d[ -]?){{3,7}}\d)(?![\w-]|[.,]\d)"
)
"""North American and international forms that go on in the next line or cell."""
_DATE = regex.compile(r"\d{1,2}([./ -])\d{1,2}\1(?:\d{2}|\d{4})|\d{4}([./-])\d{1,2}\2\d{1,2}")
_SPACED_AMOUNT = regex.compile(r"\d{1,3}(?: \d{3})+")


class PhoneNumberRecognizer(ApplianceRecognizer):
    """See the module."""

    NAME = "phone"
    TYPES = ("PHONE_NUMBER",)

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Every number that reads as a telephone number, its extension included, also when a line ends inside it."""
        for match in matches(_BROKEN, text, self.name):
            yield result("PHONE_NUMBER", match.start(), match.end(), 0.7, self, "telephone number over a break")
        for match in matches(_CANDIDATE, text, self.name):
            number = match[0][: match.start("ext") - match.start()] if match["ext"] else match[0]
            number = number.strip()
            score, reason = self._judge(text, match.start(), number, bool(match["ext"]))
            if score:
                start, end = match.span()
                if text[start] == "(" and ")" not in number:
                    start += 1
                yield result("PHONE_NUMBER", start, end, score, self, reason)

    @staticmethod
    def _judge(text: str, start: int, number: str, extension: bool) -> tuple[float, str]:
        count = sum(character.isdigit() for character in number)
        if _DATE.fullmatch(number) or not 6 <= count <= 15:
            return 0.0, ""
        labelled = bool(_LABEL.search(text, max(0, start - 45), start) or _LABEL_AFTER.match(text, start + len(number)))
        if not labelled and STRUCTURE.search(text, max(0, start - 40), start):
            return 0.0, ""
        if number.startswith(("+", "00", "(+")) and count >= 8:
            return (0.95, "international form, valid") if _valid(number) else (0.75, "international form")
        if _NANP.fullmatch(number):
            return 0.9 if labelled else 0.8, "North American form"
        if labelled or extension:
            return (0.9 if count >= 7 else 0.65), "after a telephone label" if labelled else "with an extension"
        if number.startswith("(") and ")" in number and count >= 7:
            return 0.6, "area code in brackets"
        if _NANP_LOOSE.fullmatch(number) and not number.isdigit():
            return 0.7, "3-3-4 digits"
        if count >= 9 and number.startswith("0") and not number.isdigit() and not _SPACED_AMOUNT.fullmatch(number):
            return 0.6, "national form with a leading zero"
        if (
            number.isdigit()
            and count == 10
            and number[0] in "23456789"
            and number[3] in "23456789"
            and _valid("+1" + number)
        ):
            return 0.5, "ten digits of a North American plan"
        if (
            regex.fullmatch(r"\d{2,4}(?:[ -]\d{2,4}){2,4}", number)
            and 8 <= count <= 12
            and not _SPACED_AMOUNT.fullmatch(number)
        ):
            return 0.45, "grouped digits"
        return 0.0, ""


def _valid(number: str) -> bool:
    import phonenumbers

    digits = number.replace("(", "").replace(")", "")
    try:
        parsed = phonenumbers.parse("+" + digits[2:] if digits.startswith("00") else digits, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(parsed)
