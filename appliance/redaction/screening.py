"""The last look at a redacted document before it goes on: residual identifiers, instructions to a model.

A second, independent pass with patterns of its own, so simple and strict that what they match is an
identifier: numbers with a valid checksum, e-mail addresses, telephone numbers. It trusts nothing that
detection did. One left over quarantines the document. It also reads the text as a reader would, without
invisible characters and with compatibility forms folded.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from appliance.errors import Quarantined
from appliance.redaction.findings import Finding, RedactedDocument, ScreenedDocument
from appliance.redaction.instructions import INVISIBLE, instruction_signals, plain
from appliance.redaction.surrogates import SURROGATE

Residual = Callable[[Sequence[str]], Iterable[Finding]]
"""Looks at redacted texts and says what is still in them; for a detector as the second pass."""

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?!\w)")
_PHONE = re.compile(
    r"(?<![\w+])(?:\+[1-9]\d{0,2}[ .-]?(?:\(\d{1,4}\)[ .-]?)?(?:\d{2,4}[ .-]?){2,4}\d{2,4}"
    r"|\(?[2-9]\d{2}\)?[ .-][2-9]\d{2}[ .-]\d{4})(?![\w-])"
)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_CARD = re.compile(
    r"(?<![\w.-])[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}(?![\w-])|(?<![\w.-])3\d{3}([ -]?)\d{6}\2\d{5}(?![\w-])"
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")


def screen(
    document: RedactedDocument,
    *,
    kept: frozenset[str] = frozenset(),
    residual: Residual | None = None,
    cleared: Mapping[int, Sequence[str]] | None = None,
) -> ScreenedDocument:
    """Let a redacted document pass, its blocks that address a model flagged.

    `kept` are the types that the profile keeps on purpose, `cleared` the texts of a block of which a reviewer
    said that they identify nobody. What redaction put there is not looked at. Raises Quarantined, naming types and
    blocks only, when an identifier of another type is still there.
    """
    texts = [*(block.text for block in document.blocks), document.title]
    read = [_without_entities(document, number, text) for number, text in enumerate(texts)]
    known = cleared or {}
    left = [
        (type_, number)
        for number, text in enumerate(read)
        for type_ in sorted(residual_identifiers(text, known.get(number, ())) - kept)
    ]
    if residual is not None:
        left += [(finding.type, finding.block) for finding in residual(read) if finding.type not in kept]
    if left:
        types = ", ".join(sorted({type_ for type_, _ in left}))
        places = ", ".join(_place(document, number) for number in sorted({number for _, number in left})[:5])
        raise Quarantined(
            f"identifiers are left after redaction ({types}; {places})",
            "Review the document; report what the profile's detectors missed",
        )
    flagged = frozenset(number for number, text in enumerate(texts[:-1]) if instruction_signals(text))
    return ScreenedDocument(document, flagged)


def kept_types(acts_on: frozenset[str]) -> frozenset[str]:
    """The types this screening knows that a profile which acts on `acts_on` keeps."""
    return frozenset(name for name, _, _ in _CHECKS) - acts_on


def residual_identifiers(text: str, cleared: Sequence[str] = ()) -> set[str]:
    """The types of identifiers that stand in `text`, surrogates aside, and aside of what a `cleared` text holds
    whole."""
    readable = SURROGATE.sub(" ", _readable(text))
    known = [_readable(each) for each in cleared]
    return {
        type_
        for type_, pattern, valid in _CHECKS
        if any(valid(match[0]) and not any(match[0] in each for each in known) for match in pattern.finditer(readable))
    }


def _readable(text: str) -> str:
    return plain(INVISIBLE.sub("", text))


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1 check digit over the digits of `number`."""
    digits = [int(c) for c in number if c.isdecimal()]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
    return len(digits) >= 13 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(number: str) -> bool:
    """ISO 13616 check digits (ISO 7064, MOD 97-10)."""
    compact = number.replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def _always(_: str) -> bool:
    return True


def _of_a_domain(address: str) -> bool:
    return not address.casefold().endswith(".invalid")  # nobody's, by RFC 2606


def _enough_digits(number: str) -> bool:
    return 8 <= sum(c.isdecimal() for c in number) <= 15


_CHECKS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("CREDIT_CARD", _CARD, luhn),
    ("EMAIL_ADDRESS", _EMAIL, _of_a_domain),
    ("IBAN_CODE", _IBAN, iban),
    ("PHONE_NUMBER", _PHONE, _enough_digits),
    ("US_SSN", _SSN, _always),
)


def _without_entities(document: RedactedDocument, number: int, text: str) -> str:
    """A text with spaces for what redaction put into it."""
    entities = document.blocks[number].entities if number < len(document.blocks) else ()
    for entity in entities:
        text = text[: entity.start] + " " * (entity.end - entity.start) + text[entity.end :]
    return text


def _place(document: RedactedDocument, number: int) -> str:
    if number >= len(document.blocks):
        return "the title"
    return f"block {number + 1} on page {document.blocks[number].page}"
