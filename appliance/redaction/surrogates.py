"""What stands in the place of an identifier, and who hands it out.

A surrogate such as `[PERSON:k7f2m4qa]` is random: it says nothing of what it replaces. It is the same for
the same identifier within one domain (a collection) and never shared between two.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from appliance.redaction.persons import name_form, plain

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
CODE_LENGTH = 8
MOST_WEEKS = 52
SURROGATE = re.compile(r"\[([A-Z][A-Z0-9_]*):([a-z2-7]{8,})\]")
PERSON = "PERSON"
_DIGITS_ONLY = frozenset({"PHONE_NUMBER", "CREDIT_CARD", "US_SSN"})
_SQUEEZED = frozenset({"MEDICAL_RECORD", "ACCOUNT_NUMBER", "IBAN_CODE", "ID"})
_BESIDE = re.compile(r"[\W_]+")


Hints = tuple[tuple[str, str], ...]
"""(kind, value) pairs that say which of several namesakes is meant, as `("MEDICAL_RECORD", "00123")`."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One identifier of a text that needs a surrogate. `original` and `hints` are unredacted."""

    type: str
    original: str = field(repr=False)
    hints: Hints = field(default=(), repr=False)


class SurrogateSource(Protocol):
    """Hands out the surrogates of one domain: the vault's, or one that forgets."""

    def allocate(self, mentions: Sequence[Mention]) -> list[str]:
        """The surrogate of each mention, made where there is none yet; all are durable on return."""
        ...

    def days(self, owner: str, texts: Sequence[str]) -> int:
        """By how many days the dates of a person move, whole weeks up to a year and never none; `owner` is their
        name, or empty for those of a document that is about nobody, which is known by its `texts`."""
        ...


class EphemeralVault:
    """Surrogates that are consistent while the object lives and mean nothing afterwards."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._used: set[str] = set()
        self._days: dict[str, int] = {}

    def allocate(self, mentions: Sequence[Mention]) -> list[str]:
        """See `SurrogateSource`; nothing is stored, and hints are not used."""
        found = []
        for mention in mentions:
            key = (mention.type, normal_form(mention.type, mention.original))
            if key not in self._known:
                self._known[key] = self._unused(mention.type)
            found.append(self._known[key])
        return found

    def days(self, owner: str, texts: Sequence[str]) -> int:
        """See `SurrogateSource`: one amount a name while the object lives."""
        key = normal_form(PERSON, owner) if owner else "\0".join(texts)
        if key not in self._days:
            self._days[key] = weeks(secrets.token_bytes(8))
        return self._days[key]

    def _unused(self, type_: str) -> str:
        while (surrogate := new_surrogate(type_)) in self._used:
            continue
        self._used.add(surrogate)
        return surrogate


def weeks(random: bytes) -> int:
    """Random bytes as days: 1 to 52 whole weeks, forth or back."""
    number = int.from_bytes(random, "big") % (2 * MOST_WEEKS)
    return 7 * (number + 1 if number < MOST_WEEKS else MOST_WEEKS - 1 - number)


def new_surrogate(type_: str) -> str:
    """A random surrogate of a type: 40 bits in base32 (RFC 4648, lower case)."""
    return f"[{type_}:{''.join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))}]"


def normal_form(type_: str, original: str) -> str:
    """One string for every way to write the same identifier of a type.

    Spacing and separators of numbers, case, diacritics, titles and the order of a name do not matter.
    """
    if type_ == PERSON:
        return name_form(original).key or plain(original).strip()
    text = plain(original)
    if type_ in _DIGITS_ONLY:
        digits = "".join(c for c in text if c.isdigit())
        return digits or " ".join(text.split())
    if type_ in _SQUEEZED:
        return _BESIDE.sub("", text) or text.strip()
    if type_ in ("EMAIL_ADDRESS", "URL", "IP_ADDRESS"):
        return "".join(text.split())
    return " ".join(_BESIDE.sub(" ", text).split()) or text.strip()
