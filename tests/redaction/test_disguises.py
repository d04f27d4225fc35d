"""A name or number in disguise is found: encoded, misread, joined, over lines and cells; in names of many countries."""

import base64
import urllib.parse

import pytest

from appliance.redaction.detection import Detector
from appliance.redaction.policy import Profile, load_profile
from appliance.redaction.recognizers import all_recognizers
from appliance.redaction.recognizers.encoded import EncodedRecognizer
from appliance.redaction.recognizers.shadow import shadow
from appliance.settings import SHIPPED_POLICIES

NAMES = ("Halina Sobczak", "Levon Hakobyan", "Ngozi Umeh", "Evaristo Quispe", "Bence Szalai", "Despina Vlahou")
LOOKALIKES = str.maketrans("aeopc", "аеорс")
RECOGNIZERS = all_recognizers()


@pytest.fixture(scope="module")
def detector(packs) -> Detector:  # type: ignore[no-untyped-def]
    return Detector.open(packs, threads=1)


@pytest.fixture(scope="module")
def strict() -> Profile:
    return load_profile(SHIPPED_POLICIES, "strict")


def first(name: str) -> str:
    return name.split()[0]


def last(name: str) -> str:
    return name.split()[1]


DISGUISES = {
    "zero-width": lambda n: (f"The patient {chr(0x200B).join(n)} was seen.", [chr(0x200B).join(n)]),
    "bidi": lambda n: (f"Seen: {chr(0x202E)}{n}{chr(0x202C)} on Monday.", [n]),
    "homoglyphs": lambda n: (f"We spoke with {n.translate(LOOKALIKES)} today.", [n.translate(LOOKALIKES)]),
    "hyphenated": lambda n: (f"Patient: {n}\nLater {last(n)[:3]}-\n{last(n)[3:]} came back.", [last(n)[:3], n]),
    "cells": lambda n: (f"First name | Last name | Ward\n{first(n)} | {last(n)} | 4B", [first(n), last(n)]),
    "capitals": lambda n: (f"Patient: {n}\nPLAN: DISCHARGE {n.upper()} HOME.", [n.upper(), n]),
    "misread": lambda n: (
        f"Patient: {n}\nReviewed {last(n).replace('o', '0').replace('i', '1')} again.",
        [last(n).replace("o", "0").replace("i", "1")],
    ),
    "initials": lambda n: (f"Patient: {n}\n{n[0]}.{last(n)[0]}. went home.", [f"{n[0]}.{last(n)[0]}."]),
    "inverted": lambda n: (f"{last(n).upper()}, {first(n)}\nAdmitted today.", [last(n).upper(), first(n)]),
    "lower case": lambda n: (f"hi this is {n.lower()} calling about my bill", [n.lower()]),
    "URL": lambda n: (f"name={n.replace(' ', '+')}&dob=1971-03-02", [n.replace(" ", "+"), "1971-03-02"]),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguised_name_is_masked(disguise: str, detector: Detector, strict: Profile) -> None:
    missed = []
    for name in NAMES:
        text, values = DISGUISES[disguise](name)
        mask = bytearray(len(text))
        for finding in detector.find_text(text, strict).items:
            mask[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
        for value in values:
            at = text.index(value)
            if not all(mask[k] or not text[k].isalnum() for k in range(at, at + len(value))):
                missed.append((text, value))
    assert not missed


def masked(text: str) -> str:
    """The letters and digits of `text` that no pattern recognizer finds."""
    seen = shadow(text).text
    mask = bytearray(len(seen))
    for recognizer in RECOGNIZERS:
        for found in recognizer.analyze(seen, [], None):
            if found.score >= 0.4:
                mask[found.start : found.end] = b"\1" * (found.end - found.start)
    return "".join("#" if hit else character for character, hit in zip(seen, mask, strict=True))


@pytest.mark.parametrize(
    "secret", ["name=Halina Sobczak", "halina.sobczak@mail.example", "ssn:412-55-9931", "Gheorghe, born 1944"]
)
@pytest.mark.parametrize(
    "encode",
    [
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
        lambda s: s.encode().hex(),
        lambda s: urllib.parse.quote(s, safe=""),
    ],
    ids=["base64", "base64url", "hex", "percent"],
)
def test_an_encoded_identifier_is_masked_whole(secret: str, encode) -> None:  # type: ignore[no-untyped-def]
    assert encode(secret) not in masked(f"payload {encode(secret)} end")


@pytest.mark.parametrize(
    "text",
    [
        "Representation of Internationalisation in Telecommunication",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 1fa8eb0c94d1b1d5b1ce41fd6e7f2f1a9e0c3b77",
        "CamelCaseIdentifier, snake_case_identifier, kebab-case-identifier",
        "a discount of 10%25 and a path /usr/local/lib%20old",
    ],
)
def test_words_and_digests_are_no_encoded_text(text: str) -> None:
    assert EncodedRecognizer().analyze(text, [], None) == []


IDENTIFIERS = {
    "Patient: {} was seen.": "Wilhelmina Featherstonehaugh",
    "Write to {} please.": "w.featherstone@ward3.example.org",
    "SSN: {} on file.": "523-45-6789",
    "Call {} tonight.": "(517) 788-1934",
    "Pay to {} now.": "GB82 WEST 1234 5698 7654 32",
    "Card {} charged.": "4111 1111 1111 1111",
}
HIDDEN = {
    "a lone surrogate inside": lambda s: s[:5] + "\ud800" + s[5:],
    "turned around by an override": lambda s: "\u202e" + s[::-1] + "\u202c",
    "escapes of JSON": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "quoted-printable": lambda s: "".join(f"={b:02X}" for b in s.encode()),
    "percent codes of percent codes": lambda s: urllib.parse.quote(urllib.parse.quote(s, safe=""), safe=""),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "hexadecimal": lambda s: s.encode().hex(),
    "underscores": lambda s: s.replace(" ", "_"),
    "wide gaps": lambda s: s.replace(" ", "   "),
    "lower case": str.lower,
}


def left_of(detector: Detector, strict: Profile, text: str, value: str) -> str:
    """Letters and digits of `value`, which stands in `text`, that detection leaves."""
    mask = bytearray(len(text))
    for finding in detector.find_text(text, strict).items:
        mask[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
    start = text.index(value)
    return "".join(c for k, c in enumerate(value) if c.isalnum() and not mask[start + k])


@pytest.mark.parametrize("disguise", HIDDEN)
def test_an_identifier_is_masked_however_it_is_written(disguise: str, detector: Detector, strict: Profile) -> None:
    for sentence, identifier in IDENTIFIERS.items():
        value = HIDDEN[disguise](identifier)
        text = "Note of the ward. " + sentence.format(value) + " The rest is as usual."
        assert left_of(detector, strict, text, value) == "", identifier


@pytest.mark.parametrize(
    "value",
    [
        "4111 1111\n1111 1111",
        "4111 1111 | 1111 1111",
        "4 1 1 1  1 1 1 1  1 1 1 1  1 1 1 1",
        "GB82 WEST 1234\n5698 7654 32",
        "GB82 WEST | 1234 5698 7654 32",
        "(517)\n788-1934",
        "517-788-\n1934",
        "+44 20\n7946 0958",
        "523-45-\n6789",
        "Wilhelmina\nFeatherstonehaugh",
        "Wilhelmina Feather-\nstonehaugh",
        "5\u03012\u03013\u0301-4\u03015\u0301-6\u03017\u03018\u03019\u0301",
    ],
)
def test_an_identifier_over_a_break_is_masked_whole(value: str, detector: Detector, strict: Profile) -> None:
    text = f"Note of the ward. For the patient {value} on file. The rest is as usual."
    assert left_of(detector, strict, text, value) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Year | 2311 | 4550 | 6120\nNext | 2457 | 4811 | 6390",
        "4111\n1111\n1111\n1111",
        "Steps 1 2 3 4 5 6 7 8 9 10 11 12 of the plan",
        "state-of-the-\nart equipment",
        "x=1=2=3 and a=BC=DE",
    ],
)
def test_columns_and_ordinary_words_are_no_broken_identifiers(text: str) -> None:
    assert masked(text) == shadow(text).text
