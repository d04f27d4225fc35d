"""National identity, health and tax numbers, licences with a check digit, vehicles and handsets.

A pattern that also fits ordinary numbers needs its check digit and a word of context; Presidio's driving
licence and `IN_PAN` patterns, which fire on words and on any seven digits, are not used.
"""

import regex

from appliance.redaction.recognizers import checks
from appliance.redaction.recognizers.base import RuleRecognizer, rule

_SSN_CONTEXT = r"\b(?:ssn|s\.s\.n|social security|soc\.? sec|ss ?#|tax ?id|tin|itin)\b[^\n]{0,40}$"
_PART = r"(?:\b(?:part|item|catalog(?:ue)?|model|stock|nsn|sku|lot|order|drawing|p/n)\b[\w .:#]{0,12})$"
_PART_NUMBER = regex.compile(_PART, regex.IGNORECASE)


class SocialSecurityRecognizer(RuleRecognizer):
    """US social security numbers: dashed or spaced anywhere, plain nine digits after a label."""

    NAME = "us_ssn"
    TYPES = ("US_SSN",)
    RULES = (
        rule(
            "US_SSN",
            r"(?<![\w-])\d{3}([- .])\n?\d{2}\1\n?\d{4}(?![\w]|-\w)",
            0.85,
            "written as 3-2-4 digits",
            check=checks.ssn,
        ),
        rule(
            "US_SSN",
            r"(?<![\w-])\d{3}[- .]?\d{2}[- .]?\d{4}(?![\w]|-\w)",
            0.95,
            "nine digits after a label",
            context=_SSN_CONTEXT,
        ),
        rule(
            "US_SSN", r"(?<![\w-])(?:[Xx*]{3}[- ]?[Xx*]{2}[- ]?)(?P<v>\d{4})(?!\w)", 0.7, "last four of a masked number"
        ),
        rule(
            "US_SSN",
            r"(?i)\bssn\b[^\d\n]{0,25}(?:last|ending)[^\d\n]{0,20}(?P<v>\d{4})(?!\d)",
            0.7,
            "last four after a label",
        ),
    )

    def spans(self, text, nlp_artifacts=None):  # type: ignore[no-untyped-def]
        """Leave out part numbers, which share the form."""
        for found in super().spans(text, nlp_artifacts):
            if not _PART_NUMBER.search(text, max(0, found.start - 30), found.start):
                yield found


def labelled_id(pattern: str, score: float, reason: str, context: str = "", check=None, flags: int = 0):  # type: ignore[no-untyped-def]
    """A rule for an identity number: after a word of `context` where one is given, with `check` where there is one."""
    options = {"context": rf"(?:{context})[^\n]{{0,40}}$"} if context else {}
    return rule("ID", rf"(?<![\w-]){pattern}(?![\w]|-\d)", score, reason, flags, check=check, **options)


class NationalIdRecognizer(RuleRecognizer):
    """Identity numbers of the UK, DE, FR, ES, IT, NL, IN, CA and AU with their check digits."""

    NAME = "national_id"
    TYPES = ("ID",)
    RULES = (
        labelled_id(
            r"\d{3}[ -]?\d{3}[ -]?\d{4}", 0.95, "NHS number with its check digit", r"\bnhs\b|health service", checks.nhs
        ),
        labelled_id(
            r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
            0.9,
            "national insurance number",
            check=checks.nino,
        ),
        labelled_id(
            r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
            0.9,
            "German tax number with its check digit",
            r"steuer|idnr|tax (?:id|number|no)|\btin\b",
            checks.steuer_id,
        ),
        labelled_id(
            r"[12][ ]?\d{2}[ ]?\d{2}[ ]?(?:\d{2}|2[AB])[ ]?\d{3}[ ]?\d{3}[ ]?\d{2}",
            0.95,
            "French NIR with its key",
            check=checks.nir,
        ),
        labelled_id(r"(?:\d{8}[ -]?[A-Z]|[XYZ][ -]?\d{7}[ -]?[A-Z])", 0.9, "DNI or NIE with its letter", check=checks.dni),
        labelled_id(r"\d{8} ?- ?[A-Z]", 0.7, "DNI after a label", r"\bdni\b|\bnif\b|\bnie\b"),
        labelled_id(
            r"[A-Z]{6}[\dLMNPQRSTUV]{2}[A-EHLMPR-T][\dLMNPQRSTUV]{2}[A-Z][\dLMNPQRSTUV]{3}[A-Z]",
            0.95,
            "codice fiscale with its letter",
            check=checks.codice_fiscale,
            flags=regex.IGNORECASE,
        ),
        labelled_id(r"\d{8,9}", 0.9, "BSN with the eleven test", r"\bbsn\b|burgerservice|sofi", checks.bsn),
        labelled_id(
            r"\d{4}[ -]?\d{4}[ -]?\d{4}",
            0.9,
            "Aadhaar with its check digit",
            r"a{1,2}dhaar|uidai|\buid\b",
            checks.aadhaar,
        ),
        labelled_id(r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]", 0.85, "Indian PAN", check=checks.pan_in),
        labelled_id(
            r"\d{3}[ -]\d{3}[ -]\d{3}",
            0.8,
            "Canadian SIN with its check digit",
            r"\bsin\b|social insurance",
            checks.sin_ca,
        ),
        labelled_id(r"\d{3} ?\d{3} ?\d{3}", 0.85, "tax file number with its check digit", r"\btfn\b|tax file", checks.tfn),
        labelled_id(r"[2-6]\d{3} ?\d{5} ?\d", 0.8, "Medicare number after a label", r"\bmedicare\b"),
        labelled_id(r"\d{2}-\d{7}", 0.8, "employer number after a label", r"\bein\b|fein|employer id|tax id"),
        labelled_id(
            r"[1-9][AC-HJKMNP-RT-Y][\dAC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][\dAC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}",
            0.85,
            "Medicare beneficiary identifier",
        ),
        labelled_id(
            r"\d{2}[ -/]?\d{7,8}[ -/]?\d{2}",
            0.9,
            "Spanish social security number after a label",
            r"\bnass\b|\bnss\b|seguridad social",
        ),
    )


class LicenceRecognizer(RuleRecognizer):
    """NPI, DEA, VIN, IMEI: by check digit, or by a label."""

    NAME = "licence"
    TYPES = ("ID",)
    RULES = (
        labelled_id(r"[12]\d{9}", 0.95, "NPI with its check digit", r"\bnpi\b|provider", checks.npi),
        labelled_id(r"[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}", 0.85, "DEA number with its check digit", check=checks.dea),
        labelled_id(
            r"[A-HJ-NPR-Z\d]{17}",
            0.9,
            "VIN with its check digit",
            check=lambda v: any(c.isalpha() for c in v) and checks.vin(v),
        ),
        labelled_id(
            r"(?=[A-HJ-NPR-Z]{0,16}\d)(?=\d{0,16}[A-HJ-NPR-Z])[A-HJ-NPR-Z\d]{17}",
            0.6,
            "17 characters of the VIN alphabet",
            check=lambda v: sum(c.isdigit() for c in v) >= 4 and sum(c.isalpha() for c in v) >= 3,
        ),
        labelled_id(
            r"\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d",
            0.85,
            "IMEI with its check digit",
            r"\bimei\b|handset|device",
            checks.imei,
        ),
        rule(
            "ID",
            r"(?<![\w-])(?=[A-Z -]{0,8}\d)(?:[A-Z]{2}[ ])?[A-Z\d]{2,4}[ -][A-Z\d]{2,5}(?![\w-])",
            0.7,
            "plate after a label",
            context=r"\b(?:vehicle|plate|registration|reg\.?|car|truck|van|trailer|tanker)\b[^.\d\n|]{0,20}$",
        ),
        labelled_id(r"[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}", 0.7, "UUID"),
    )
