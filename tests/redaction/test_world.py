"""Identifiers of many countries are found by their check digits, addresses by their form, and near misses are left."""

import pytest

from appliance.redaction.recognizers import all_recognizers, world_checks
from appliance.redaction.recognizers.sums import PersonalSumRecognizer

RECOGNIZERS = all_recognizers()


def unmasked(text: str) -> str:
    mask = bytearray(len(text))
    for recognizer in RECOGNIZERS:
        for found in recognizer.analyze(text, [], None):
            if found.score >= 0.4:
                mask[found.start : found.end] = b"\1" * (found.end - found.start)
    return "".join("#" if hit else character for character, hit in zip(text, mask, strict=True))


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (world_checks.cpf, "111.444.777-35"),
        (world_checks.pesel, "44051401359"),
        (world_checks.cnp, "1800101221144"),
        (world_checks.avs, "756.9217.0769.85"),
        (world_checks.personnummer, "811218-9876"),
        (world_checks.hetu, "131052-308T"),
        (world_checks.rrn_be, "85.07.30-033.28"),
        (world_checks.rut, "12.345.678-5"),
        (world_checks.hkid, "A123456(3)"),
        (world_checks.nric, "S1234567D"),
        (world_checks.kimlik, "10000000146"),
        (world_checks.resident_cn, "11010519491231002X"),
        (world_checks.id_za, "8001015009087"),
        (world_checks.pps, "1234567T"),
    ],
)
def test_a_check_digit_holds_and_another_does_not(check, value: str) -> None:  # type: ignore[no-untyped-def]
    assert check(value)
    last = value.rstrip(")")[-1]
    other = chr(ord(last) + 1) if last not in "9Z" else ("0" if last == "9" else "A")
    wrong = value[: value.rindex(last)] + other + value[value.rindex(last) + 1 :]
    assert not check(wrong)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Case No. 3:21-cv-00415-JLR", "3:21-cv-00415-JLR"),
        ("UDI (01)00844588003288(17)141120(10)7654321D", "00844588003288"),
        ("Implant lot no. 7654321D", "7654321D"),
        ("face template hash 9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"),
        ("see IMG_20210304_113355.jpg", "IMG_20210304_113355"),
        ("CURP HEGG560427MVZRRL04", "HEGG560427MVZRRL04"),
        ("follow @jsmith_84 there", "jsmith_84"),
        ("password: hunter2!", "hunter2"),
        ("on the twelfth of May 2011", "twelfth of May 2011"),
        ("em 5 de março de 2004", "5 de março de 2004"),
        ("2004年5月3日", "2004年5月3日"),
        ("held on 29 and 30 June 1992", "29"),
        ("in her nineties", "nineties"),
        ("GPS 40°26'46\"N 79°58'56\"W", "40°26'46\"N"),
    ],
)
def test_identifiers_of_the_list_are_found(text: str, value: str) -> None:
    assert value not in unmasked(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ship it to 233 Erzsébet tér 19.\n Suite 282\n Domoszló\n Hungary 12345", "Domoszló"),
        ("meet at the corner of Csabai kapu 39. and Mathias Pass", "Mathias Pass"),
        ("We moved to 200 rue Falkenberg last spring.", "200 rue Falkenberg"),
        ("I live at ul. Kestrel 44", "Kestrel 44"),
        ("deliver to Calle Bellavista, 155, 3º B instead", "155, 3º B"),
        ("Servicio de Urología. Gaspar Aguilar 90. 46017 - Valencia", "Gaspar Aguilar 90"),
        ("Ctra. De Colmenar Viejo, km. 9,100, 28034 Madrid.", "Colmenar Viejo, km. 9,100"),
        ("she lives at 12 kestrelstraße 9, graz", "12 kestrelstraße 9"),
        ("Lindenaulaan 162\nGävle\nSweden", "Gävle"),
    ],
)
def test_addresses_of_many_countries_are_found(text: str, value: str) -> None:
    assert value not in unmasked(text)


@pytest.mark.parametrize(
    "text",
    [
        "sent to 3 patients in 2 units",
        "moved to 5 East",
        "on 21 May 1993 the applicant appealed",
        "given 5 mg per unit dose",
        "The address of the register is 16 bits wide",
    ],
)
def test_numbers_beside_words_are_no_addresses(text: str) -> None:
    found = [
        each
        for recognizer in RECOGNIZERS
        if recognizer.name == "world_address"
        for each in recognizer.analyze(text, [], None)
    ]
    assert found == []


def test_sums_are_personal_in_a_judgment_and_not_in_a_loan_policy() -> None:
    judgment = "The Court heard the applicant. " * 6 + "The tribunal awarded the applicant PLN 7,500 in damages."
    loan = "An applicant pays a fee of EUR 50. Applicants above EUR 75,000 need two signatures. " * 6
    found = PersonalSumRecognizer().analyze(judgment, [], None)
    assert [judgment[each.start : each.end] for each in found] == ["PLN 7,500"]
    assert PersonalSumRecognizer().analyze(loan, [], None) == []


@pytest.mark.parametrize(
    "text",
    [
        "Use a Stanley knife.",
        "Known Löwenstein test, Ménière's disease.",
        "EVA 3/10, ANA negative",
        "Aciclovir and Ritonavir",
    ],
)
def test_listed_names_yield_to_what_speaks_against_them(text: str) -> None:
    from appliance.redaction import resolution
    from appliance.redaction.recognizers.counter import CounterEvidence
    from appliance.redaction.recognizers.name_lists import NameListRecognizer

    counter = CounterEvidence()
    against = resolution.Spans((start, end) for start, end, _ in counter.spans(text))
    alone = resolution.Spans(counter.alone(text))
    left = [
        text[each.start : each.end]
        for each in NameListRecognizer().analyze(text, [], None)
        if each.score >= 0.4 and not against.overlaps(each.start, each.end) and not alone.covers(each.start, each.end)
    ]
    assert left == []
