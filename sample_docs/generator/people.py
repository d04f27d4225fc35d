"""The people of the sample documents and every form in which a document may write one of their facts."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from generator.checkdigits import fill

FIELD_TYPES = {
    "mrn": "MEDICAL_RECORD",
    "nhs": "MEDICAL_RECORD",
    "ssn": "US_SSN",
    "iban": "IBAN_CODE",
    "card": "CREDIT_CARD",
    "account": "ACCOUNT_NUMBER",
    "phone": "PHONE_NUMBER",
    "mobile": "PHONE_NUMBER",
    "email": "EMAIL_ADDRESS",
    "address": "LOCATION",
    "ip": "IP_ADDRESS",
    "age": "AGE",
}
"""Any other field is an `ID` (passport, policy, licence, plate, service number, licence to practise)."""

QUASI = frozenset({"DATE_TIME", "AGE", "ORGANIZATION", "DEMOGRAPHIC"})


@dataclass(frozen=True)
class Mention:
    """An identifier as a document writes it; `person` is a person's id or None, `field` what it is of them."""

    value: str
    type: str
    identifier: str
    person: str | None = None
    field: str | None = None


class People:
    """Everybody in `content/people.yaml`, looked up by key."""

    def __init__(self, path: Path) -> None:
        self._entries: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))

    def person_id(self, key: str) -> str:
        """The stable id (`p03`) of a person. Raises KeyError for an unknown key."""
        return str(self._entries[key]["id"])

    def mention(self, key: str, field: str) -> Mention:
        """The person's `field` (a spelling of the name, a format of the birth date, or a fact).

        Raises KeyError for an unknown person or field, so that a typo in a text stops the build.
        """
        entry = self._entries[key]
        person = str(entry["id"])
        names = _spellings(entry)
        if field in names:
            return Mention(names[field], "PERSON", "direct", person, "name")
        if field.startswith("dob"):
            return Mention(_dates(entry["dob"])[field], "DATE_TIME", "quasi", person, "dob")
        value = str(entry[field])
        if "?" in value:
            value = fill(field, value)
        kind = FIELD_TYPES.get(field, "ID")
        return Mention(value, kind, "quasi" if kind in QUASI else "direct", person, field)


def _spellings(entry: dict[str, Any]) -> dict[str, str]:
    first, middle, last, title = (str(entry.get(k, "")) for k in ("first", "middle", "last", "title"))
    middle_space = f"{middle} " if middle else ""
    return {
        "full": f"{first} {middle_space}{last}",
        "plain": f"{first} {last}",
        "comma": f"{last}, {first}",
        "commafull": f"{last}, {first} {middle}".rstrip(),
        "titled": f"{title} {last}",
        "titledfull": f"{title} {first} {last}",
        "short": f"{first[0]}. {last}",
        "commashort": f"{last}, {first[0]}.",
        "caps": f"{first} {last}".upper(),
        "capscomma": f"{last.upper()}, {first}",
        "capscommacaps": f"{last}, {first}".upper(),
        "last": last,
        "capslast": last.upper(),
        "first": first,
        "file": last.lower(),
    }


def _dates(born: date) -> dict[str, str]:
    return {
        "dob": f"{born.day} {born:%B %Y}",
        "dob_iso": born.isoformat(),
        "dob_uk": f"{born:%d/%m/%Y}",
        "dob_us": f"{born:%m/%d/%Y}",
        "dob_short": f"{born.day} {born:%b %Y}",
        "dob_mil": f"{born:%d %b %Y}".upper(),
    }
