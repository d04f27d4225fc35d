"""Cards, bank accounts, transfers and wallets."""

import regex

from appliance.redaction.recognizers import checks
from appliance.redaction.recognizers.base import RuleRecognizer, result, rule

_COUNTRIES = "|".join(sorted(checks.IBAN_LENGTHS))
_CARD_CONTEXT = (
    r"\b(?:card|visa|master ?card|amex|american express|discover|diners|jcb|maestro|pan|credit|debit|tarjeta|karte)\b"
)


_STOCK_NUMBER = r"\d{4}-\d{2}-\d{3}-\d{4}(?!\d)"
"""A NATO stock number (STANAG 3150) has the length of a card number, and one in ten passes its check."""


_APART = r"(?:-|_|[ ]{1,3}|[ ]{0,3}[\n|][ ]{0,3})"
"""Between groups of one number: a line or a cell may end there, once."""


def bic_country(value: str) -> bool:
    """A BIC's fifth and sixth letters are a country."""
    return value[4:6] in checks.IBAN_LENGTHS or value[4:6] in {
        "US",
        "CA",
        "AU",
        "NZ",
        "JP",
        "CN",
        "HK",
        "SG",
        "IN",
        "ZA",
        "MX",
        "AR",
        "CL",
        "CO",
        "KR",
        "TH",
        "MY",
        "ID",
        "PH",
        "NG",
        "KE",
    }


class PaymentCardRecognizer(RuleRecognizer):
    """Payment card numbers by issuer range and Luhn; labelled ones even when the check digit is wrong."""

    NAME = "card"
    TYPES = ("CREDIT_CARD",)
    RULES = (
        rule(
            "CREDIT_CARD",
            rf"(?<![\w.-])(?!{_STOCK_NUMBER})[2-6]\d{{3}}(?:[ -]?\d){{8,15}}(?![\w-]|\.\d)",
            0.95,
            "issuer range and Luhn check",
            check=checks.card,
        ),
        rule(
            "CREDIT_CARD",
            rf"(?<![\w.-])(?:[2-6]\d{{3}}(?:{_APART}\d{{4}}){{3}}|3[47]\d\d{_APART}\d{{6}}{_APART}\d{{5}}|[2-6](?:[ ]{{1,3}}\d){{12,18}})(?![\w-]|\.\d)",
            0.9,
            "issuer range and Luhn check, over a break",
            check=lambda value: len(regex.findall(r"[\n|]", value)) < 2 and checks.card("".join(filter(str.isdigit, value))),
        ),
        rule(
            "CREDIT_CARD",
            r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-]|\.\d)",
            0.75,
            "digits after a card label",
            context=_CARD_CONTEXT + r"[^\n]{0,40}$",
        ),
        rule(
            "CREDIT_CARD", r"(?<![\w.-])[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?![\w-])", 0.6, "four groups of four digits"
        ),
        rule(
            "CREDIT_CARD",
            r"(?i)(?:ending(?: in| with)?|last (?:four|4)(?: digits)?(?: of)?:?)\s{0,3}(?P<v>\d{4})\b",
            0.5,
            "last four digits of a card",
            context=_CARD_CONTEXT,
        ),
    )


class BankAccountRecognizer(RuleRecognizer):
    """IBANs of every country, spaced or not; after a label also with a wrong check digit."""

    NAME = "iban"
    TYPES = ("IBAN_CODE",)
    RULES = (
        rule(
            "IBAN_CODE",
            rf"(?<![\w])(?:{_COUNTRIES})\d{{2}}(?:[ -]?[A-Z\d]){{11,30}}(?![\w])",
            0.98,
            "country, length and mod 97",
            check=checks.iban,
        ),
        rule(
            "IBAN_CODE",
            r"(?<![\w])[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]{4}){2,7}(?:[ -]?[A-Z\d]{1,3})?(?![\w])",
            0.8,
            "after the label IBAN",
            context=r"\biban\b[^\n]{0,30}$",
            flags=regex.IGNORECASE,
        ),
        rule(
            "IBAN_CODE",
            rf"(?<![\w])(?:{_COUNTRIES})\d{{2}}(?: [A-Z\d]{{4}}){{3,7}}(?: [A-Z\d]{{1,3}})?(?![\w])",
            0.6,
            "written in groups of four",
        ),
    )

    def spans(self, text, nlp_artifacts=None):  # type: ignore[no-untyped-def]
        """Also try each IBAN's exact length: a word in capitals may follow it, a line may end in it."""
        yield from super().spans(text, nlp_artifacts)
        for match in _IBAN_START.finditer(text):
            length = checks.IBAN_LENGTHS[match[1].upper()]
            end, seen = match.start(), 0
            while end < len(text) and seen < length and (text[end].isalnum() or text[end] in " -_\n|"):
                seen += text[end].isalnum()
                end += 1
            number = "".join(filter(str.isalnum, text[match.start() : end])).upper()
            if seen == length and checks.iban(number):
                yield result("IBAN_CODE", match.start(), end, 0.98, self, "country, length and mod 97")


_IBAN_START = regex.compile(rf"(?<![A-Za-z\d])({_COUNTRIES})\d{{2}}", regex.IGNORECASE)


class BankCodeRecognizer(RuleRecognizer):
    """BIC, US routing numbers, UK sort codes, crypto addresses."""

    NAME = "bank_code"
    TYPES = ("ACCOUNT_NUMBER", "ID")
    RULES = (
        rule(
            "ACCOUNT_NUMBER",
            r"(?<!\w)[A-Z]{4}[A-Z]{2}[A-Z\d]{2}(?:[A-Z\d]{3})?(?!\w)",
            0.7,
            "BIC after a label",
            check=bic_country,
            context=r"\b(?:bic|swift)\b[^\n]{0,30}$",
        ),
        rule(
            "ACCOUNT_NUMBER",
            r"(?<![\w-])\d{9}(?![\w-])",
            0.85,
            "routing number with its check digit",
            check=checks.aba,
            context=r"\b(?:routing|aba|rtn|transit)\b[^\n]{0,30}$",
        ),
        rule(
            "ACCOUNT_NUMBER",
            r"(?<![\w-])\d{2}-\d{2}-\d{2}(?![\w-])",
            0.8,
            "sort code after a label",
            context=r"\bsort ?code\b[^\n]{0,15}$",
        ),
        rule(
            "ACCOUNT_NUMBER",
            r"(?<!\w)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w)",
            0.95,
            "Bitcoin address with its checksum",
            check=checks.bitcoin,
        ),
        rule("ACCOUNT_NUMBER", r"(?<!\w)(?:bc1|tb1)[02-9ac-hj-np-z]{11,71}(?!\w)", 0.9, "Bitcoin address, bech32"),
        rule("ACCOUNT_NUMBER", r"(?<!\w)0x[\da-fA-F]{40}(?!\w)", 0.9, "Ethereum address"),
        rule("ACCOUNT_NUMBER", r"(?<!\w)[48][\dAB][1-9A-HJ-NP-Za-km-z]{93}(?!\w)", 0.9, "Monero address"),
    )
