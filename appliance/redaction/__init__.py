"""Taking identifiers out of text, for this appliance and for anybody's Presidio or LlamaIndex code.

    from appliance.redaction import Detector, EphemeralVault, load_profile, redact_text

Names are loaded when they are first used: importing this package reads no model and no heavy library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.redaction.components import Redactor
    from appliance.redaction.detection import Detector
    from appliance.redaction.findings import Finding, Findings
    from appliance.redaction.policy import Profile, load_profile, parse_profile
    from appliance.redaction.presidio import DocumentRecognizer, NoNlpEngine
    from appliance.redaction.recognizers import all_recognizers
    from appliance.redaction.redact import redact_text, redact_texts
    from appliance.redaction.surrogates import EphemeralVault

__all__ = [
    "Detector",
    "DocumentRecognizer",
    "EphemeralVault",
    "Finding",
    "Findings",
    "NoNlpEngine",
    "Profile",
    "Redactor",
    "all_recognizers",
    "load_profile",
    "parse_profile",
    "redact_text",
    "redact_texts",
]

_HOMES = {
    "Detector": "detection",
    "DocumentRecognizer": "presidio",
    "EphemeralVault": "surrogates",
    "Finding": "findings",
    "Findings": "findings",
    "NoNlpEngine": "presidio",
    "Profile": "policy",
    "Redactor": "components",
    "all_recognizers": "recognizers",
    "load_profile": "policy",
    "parse_profile": "policy",
    "redact_text": "redact",
    "redact_texts": "redact",
}
"""The module of each public name (PEP 562)."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
