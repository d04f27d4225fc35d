"""Structured identifiers are found in every spelling, ordinary numbers are left, and no trap of Presidio is sprung."""

import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.redaction.recognizers import all_recognizers, checks
from appliance.redaction.recognizers.base import RecognizerTimeout, RuleRecognizer, rule
from appliance.redaction.recognizers.columns import cells
from appliance.redaction.recognizers.consistency import codes, mentions
from appliance.redaction.recognizers.shadow import shadow

RECOGNIZERS = all_recognizers()


def found(text):
    return {
        (each.entity_type, text[each.start : each.end])
        for recognizer in RECOGNIZERS
        for each in recognizer.analyze(text, [], None)
        if each.score >= 0.4
    }


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("mail root@ward3.hospital.local now", "EMAIL_ADDRESS", "root@ward3.hospital.local"),
        ("write to a.b+c@x.example.", "EMAIL_ADDRESS", "a.b+c@x.example"),
        ("id=jo%40mail.example", "EMAIL_ADDRESS", "jo%40mail.example"),
        ("jane [at] mail [dot] org", "EMAIL_ADDRESS", "jane [at] mail [dot] org"),
        ("see https://portal.example/u/1?x=2.", "URL", "https://portal.example/u/1?x=2"),
        ("from 10.20.30.40 today", "IP_ADDRESS", "10.20.30.40"),
        ("from 2001:db8::ff00:42:8329 today", "IP_ADDRESS", "2001:db8::ff00:42:8329"),
        ("MAC 07:4d:50:58:d4:78", "ID", "07:4d:50:58:d4:78"),
        ("card 4111 1111 1111 1111 ok", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("pay GB82 WEST 1234 5698 7654 32 NOW", "IBAN_CODE", "GB82 WEST 1234 5698 7654 32"),
        ("SSN 123-45-6789", "US_SSN", "123-45-6789"),
        ("social security no. 123456789", "US_SSN", "123456789"),
        ("MRN 317-09-71", "MEDICAL_RECORD", "317-09-71"),
        ("Medical record number: A1234567", "MEDICAL_RECORD", "A1234567"),
        ("NHS number 943 476 5919", "ID", "943 476 5919"),
        ("NPI 1234567893", "ID", "1234567893"),
        ("VIN 1M8GDM9AXKP042788", "ID", "1M8GDM9AXKP042788"),
        ("DNI 12345678Z", "ID", "12345678Z"),
        ("Aadhaar 2341 2341 2346", "ID", "2341 2341 2346"),
        ("CF RSSMRA85T10A562S", "ID", "RSSMRA85T10A562S"),
        ("Passport No. 62156343", "ID", "62156343"),
        ("account 0302685981", "ACCOUNT_NUMBER", "0302685981"),
        ("wallet 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "ACCOUNT_NUMBER", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("application (no. 17604/04) against", "ID", "17604/04"),
        ("Badge: 4471", "ID", "4471"),
        ("call (517) 788-1934 ext. 12", "PHONE_NUMBER", "(517) 788-1934 ext. 12"),
        ("Tel. +44 20 7946 0958", "PHONE_NUMBER", "+44 20 7946 0958"),
        ("fax 071-33-52-22", "PHONE_NUMBER", "071-33-52-22"),
        ("on 26-NOV-1934 by", "DATE_TIME", "26-NOV-1934"),
        ("on 3 de mayo de 2004 se", "DATE_TIME", "3 de mayo de 2004"),
        ("DOB: 01/27/48", "DATE_TIME", "01/27/48"),
        ("born in 1963 and", "DATE_TIME", "1963"),
        ("a 49-year-old man", "AGE", "49"),
        ("at 51500 Sherri Trace today", "LOCATION", "51500 Sherri Trace"),
        ("St. Cole Medical Center", "ORGANIZATION", "St. Cole Medical Center"),
        ("NAME: KRISHNA, DALAJA   MED", "PERSON", "KRISHNA, DALAJA"),
        ("Dr. Murphy saw", "PERSON", "Murphy"),
        ("Regards,\nYashodhara", "PERSON", "Yashodhara"),
        ("Best,\nGary Pearson\nACME", "PERSON", "Gary Pearson"),
        ("From: Ann Lee <a@b.example>", "PERSON", "Ann Lee"),
    ],
)
def test_identifier_is_found(text, type_, value):
    assert (type_, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Section 4.12(b) of the Agreement survives termination.",
        "Clause 12.3.4 prevails over Schedule 2.",
        "Part number 987-65-4320-A is obsolete.",
        "Take 1-2 tabs q4-6h prn, max 8 per day.",
        "WBC 11.2 with 82% PMNs; INR 1.8. Na 138, K 4.1, Cl 102, CO2 24.",
        "BP 120/80, HR 72, at 14:30, 25 mg.",
        "The invoice total is 1,204.50 net of tax.",
        "Torque to 45 Nm and wait 10 minutes.",
        "See Rule 10b-5 and Form 1040-SR.",
        "ISO 13485:2016 applies; version 5.1.2 of 128 MB.",
        "Students may take English, French or German as electives.",
        "Infusion of 18 units/kg per hour up to 2,000 units.",
        "ABCDEFGHIJ KLMNOPQRS",
        "A loan of 250,000 pounds over 25 years at 4.5%.",
    ],
)
def test_ordinary_text_is_left(text):
    assert found(text) == set()


@pytest.mark.parametrize(
    "check",
    [
        checks.card,
        checks.iban,
        checks.npi,
        checks.vin,
        checks.aba,
        checks.nhs,
        checks.aadhaar,
        checks.bsn,
        checks.imei,
        checks.tfn,
    ],
)
def test_check_digit_rejects_any_single_changed_digit(check):
    good = {
        checks.card: "4111111111111111",
        checks.iban: "GB82WEST12345698765432",
        checks.npi: "1234567893",
        checks.vin: "1M8GDM9AXKP042788",
        checks.aba: "021000021",
        checks.nhs: "9434765919",
        checks.aadhaar: "234123412346",
        checks.bsn: "111222333",
        checks.imei: "490154203237518",
        checks.tfn: "123456782",
    }[check]
    assert check(good)
    last = len(good) - 1
    assert not check(good[:last] + str((int(good[last]) + 1) % 10))


def test_email_recognizer_opens_no_socket(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert ("EMAIL_ADDRESS", "x@y.example") in found("x@y.example")


def test_pattern_that_backtracks_raises_instead_of_being_skipped(monkeypatch):
    monkeypatch.setattr("appliance.redaction.recognizers.base.SECONDS_PER_PATTERN", 0.05)

    class Catastrophic(RuleRecognizer):
        NAME, TYPES = "catastrophic", ("ID",)
        RULES = (rule("ID", r"(?:a|aa)+$", 0.9, "bad"),)

    with pytest.raises(RecognizerTimeout, match="catastrophic"):
        Catastrophic().analyze("a" * 5000 + "!", [], None)


@pytest.mark.parametrize("unit", ["a" * 50, "1 ", "A.", "12-", "Aa ", "x@", "::", "(1", "\n\n", "No. ", "Aaa, "])
def test_patterns_cost_is_linear_on_repetitive_text(unit):
    text = (unit * 40_000)[:40_000]
    started = time.process_time()
    for recognizer in RECOGNIZERS:
        recognizer.analyze(text, [], None)
    assert time.process_time() - started < 8


def test_shadow_restores_what_hides_a_number_and_maps_it_back():
    text = "SSN \u200b12\u200d3-4\u202e5-\uff16\uff17\uff18\uff19\x00!"
    seen = shadow(text)
    assert seen.text == "SSN 123-45-6789!"
    start = seen.text.index("1")
    assert text[slice(*seen.original(start, start + 11))] == "12\u200d3-4\u202e5-\uff16\uff17\uff18\uff19"


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_shadow_offsets_stay_inside_the_original(text):
    seen = shadow(text)
    if seen.origin is not None:
        assert len(seen.origin) == len(seen.text)
        assert list(seen.origin) == sorted(seen.origin)
        assert all(0 <= offset < len(text) for offset in seen.origin)
    else:
        assert len(seen.text) == len(text)


def test_cyrillic_letters_inside_a_latin_word_become_latin_and_a_cyrillic_word_stays():
    assert shadow("M\u0430ria").text == "Maria"
    assert shadow("\u041c\u0430\u0440\u0438\u044f").text == "\u041c\u0430\u0440\u0438\u044f"


def test_cells_of_a_text_table_know_their_header():
    text = '| Name | Dose |\n|---|---|\n| Ann Lee | 5 mg |\n\nid,who,when\n1,"Lee, A.",2020'
    assert [(text[a:b], header) for a, b, header in cells(text)][:2] == [("Ann Lee", "Name"), ("5 mg", "Dose")]
    assert ("Lee, A.", "who") in [(text[a:b], header) for a, b, header in cells(text)]


def test_name_is_found_again_by_part_capitals_possessive_initial_and_line_break():
    text = "Delia Krishna came. KRISHNA'S son. D. Krishna. Delia\nKrishna left. Nobody else."
    spans = [text[a:b] for a, b, *_ in mentions(text, [(0, 13)])]
    assert spans == ["Delia Krishna", "KRISHNA", "D. Krishna", "Delia\nKrishna"]


def test_code_is_found_again_without_its_label():
    text = "MRN HG-447. The band said hg-447, not HG-4471."
    assert [text[a:b] for a, b, _ in codes(text, [(4, 10, "MEDICAL_RECORD")])] == ["HG-447", "hg-447"]


def test_recognizers_plug_into_a_plain_presidio_registry():
    from presidio_analyzer import RecognizerRegistry

    registry = RecognizerRegistry(recognizers=all_recognizers())
    assert "labelled_code" in {each.name for each in registry.get_recognizers(language="en", all_fields=True)}


def test_no_class_name_hides_one_of_presidio_which_loads_its_own_by_name():
    from presidio_analyzer import predefined_recognizers

    assert not {type(each).__name__ for each in RECOGNIZERS} & set(vars(predefined_recognizers))
