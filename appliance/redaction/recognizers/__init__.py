"""Presidio recognizers that anyone can plug in: add them to a `RecognizerRegistry`, or take `all_recognizers()`.

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from appliance.redaction.recognizers import all_recognizers

registry = RecognizerRegistry(recognizers=all_recognizers())
"""

from appliance.redaction.lean_imports import without

# First of all: this package is imported before any module in it, so Presidio and spaCy come in by this door.
with without("torch", "transformers"):
    from presidio_analyzer import EntityRecognizer

from appliance.redaction.recognizers.base import ApplianceRecognizer
from appliance.redaction.recognizers.case_facts import CaseFactRecognizer
from appliance.redaction.recognizers.codes import LabelledCodeRecognizer
from appliance.redaction.recognizers.dates import AgeRecognizer, CalendarDateRecognizer
from appliance.redaction.recognizers.demographics import DemographicRecognizer
from appliance.redaction.recognizers.disguised_names import DisguisedNameRecognizer
from appliance.redaction.recognizers.encoded import EncodedRecognizer
from appliance.redaction.recognizers.financial import BankAccountRecognizer, BankCodeRecognizer, PaymentCardRecognizer
from appliance.redaction.recognizers.name_lists import NameListRecognizer
from appliance.redaction.recognizers.names import NameContextRecognizer
from appliance.redaction.recognizers.national import LicenceRecognizer, NationalIdRecognizer, SocialSecurityRecognizer
from appliance.redaction.recognizers.network import (
    EmailAddressRecognizer,
    HardwareAddressRecognizer,
    IpAddressRecognizer,
    WebAddressRecognizer,
)
from appliance.redaction.recognizers.organisations import OrganisationRecognizer
from appliance.redaction.recognizers.phones import PhoneNumberRecognizer
from appliance.redaction.recognizers.places import AddressRecognizer
from appliance.redaction.recognizers.sums import PersonalSumRecognizer
from appliance.redaction.recognizers.world_addresses import WorldAddressRecognizer
from appliance.redaction.recognizers.world_ids import WorldIdRecognizer

PATTERN_RECOGNIZERS: tuple[type[ApplianceRecognizer], ...] = (
    EmailAddressRecognizer,
    WebAddressRecognizer,
    IpAddressRecognizer,
    HardwareAddressRecognizer,
    PaymentCardRecognizer,
    BankAccountRecognizer,
    BankCodeRecognizer,
    SocialSecurityRecognizer,
    NationalIdRecognizer,
    LicenceRecognizer,
    WorldIdRecognizer,
    PhoneNumberRecognizer,
    CalendarDateRecognizer,
    AgeRecognizer,
    LabelledCodeRecognizer,
    AddressRecognizer,
    WorldAddressRecognizer,
    OrganisationRecognizer,
    DemographicRecognizer,
    PersonalSumRecognizer,
    CaseFactRecognizer,
    NameContextRecognizer,
    NameListRecognizer,
    DisguisedNameRecognizer,
    EncodedRecognizer,
)


def all_recognizers(language: str = "en") -> list[EntityRecognizer]:
    """A fresh instance of every recognizer that needs no model pack."""
    return [each(supported_language=language) for each in PATTERN_RECOGNIZERS]


__all__ = ["PATTERN_RECOGNIZERS", "all_recognizers", *(each.__name__ for each in PATTERN_RECOGNIZERS)]
