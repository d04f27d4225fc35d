"""Check digits and plausibility of identifiers. Each function takes the value as written and says whether it holds.

Separators are ignored. Sources: ISO/IEC 7812-1 annex B (Luhn), ISO 13616 (IBAN, mod 97), 45 CFR 162.406 with
CMS "NPI check digit" (Luhn over 80840 + NPI), 21 CFR 1301 practice (DEA), 49 CFR 565.15 (VIN), ABA routing
number policy (3-7-1), NHS data dictionary (NHS number), SSA randomisation notice 76 FR 34187 (SSN), BOE RD
1553/2005 (DNI/NIE), UIDAI (Verhoeff), Canada Revenue Agency (SIN), ATO (TFN), INSEE (NIR), BZSt (Steuer-ID),
Agenzia delle Entrate (codice fiscale), Dutch BSN eleven test, PAN format of the Income Tax Department of India.
"""

import re
from collections import Counter

_DIGIT = re.compile(r"\d")


def digits(value: str) -> str:
    """Only the ASCII digits of `value`."""
    return "".join(_DIGIT.findall(value))


def compact(value: str) -> str:
    """Letters and digits of `value`, upper case."""
    return re.sub(r"[^A-Za-z0-9]", "", value).upper()


def luhn(value: str) -> bool:
    """ISO/IEC 7812-1 annex B over all digits."""
    total = 0
    for position, digit in enumerate(reversed(digits(value))):
        number = int(digit) * (2 if position % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def card(value: str) -> bool:
    """A payment card: 12 to 19 digits, an issuer range in use, Luhn."""
    number = digits(value)
    return 12 <= len(number) <= 19 and number[0] in "23456" and len(set(number)) > 1 and luhn(number)


IBAN_LENGTHS = {
    "AD": 24,
    "AE": 23,
    "AL": 28,
    "AT": 20,
    "AZ": 28,
    "BA": 20,
    "BE": 16,
    "BG": 22,
    "BH": 22,
    "BR": 29,
    "BY": 28,
    "CH": 21,
    "CR": 22,
    "CY": 28,
    "CZ": 24,
    "DE": 22,
    "DK": 18,
    "DO": 28,
    "EE": 20,
    "EG": 29,
    "ES": 24,
    "FI": 18,
    "FO": 18,
    "FR": 27,
    "GB": 22,
    "GE": 22,
    "GI": 23,
    "GL": 18,
    "GR": 27,
    "GT": 28,
    "HR": 21,
    "HU": 28,
    "IE": 22,
    "IL": 23,
    "IQ": 23,
    "IS": 26,
    "IT": 27,
    "JO": 30,
    "KW": 30,
    "KZ": 20,
    "LB": 28,
    "LC": 32,
    "LI": 21,
    "LT": 20,
    "LU": 20,
    "LV": 21,
    "LY": 25,
    "MC": 27,
    "MD": 24,
    "ME": 22,
    "MK": 19,
    "MR": 27,
    "MT": 31,
    "MU": 30,
    "NL": 18,
    "NO": 15,
    "PK": 24,
    "PL": 28,
    "PS": 29,
    "PT": 25,
    "QA": 29,
    "RO": 24,
    "RS": 22,
    "SA": 24,
    "SC": 31,
    "SE": 24,
    "SI": 19,
    "SK": 24,
    "SM": 27,
    "ST": 25,
    "SV": 28,
    "TL": 23,
    "TN": 24,
    "TR": 26,
    "UA": 29,
    "VA": 22,
    "VG": 24,
    "XK": 20,
}


def iban(value: str) -> bool:
    """ISO 13616: the country's length and mod 97 = 1."""
    code = compact(value)
    if IBAN_LENGTHS.get(code[:2]) != len(code):
        return False
    return int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1


def npi(value: str) -> bool:
    """US National Provider Identifier."""
    number = digits(value)
    return len(number) == 10 and number[0] in "12" and luhn("80840" + number)


def dea(value: str) -> bool:
    """US DEA registration: two letters, seven digits, the last a checksum."""
    code = compact(value)
    if not re.fullmatch(r"[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}", code):
        return False
    d = [int(character) for character in code[2:]]
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def vin(value: str) -> bool:
    """Vehicle identification number with its North American check digit."""
    code = compact(value)
    if not re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", code):
        return False
    letters = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum(int(letters.get(c, c)) * w for c, w in zip(code, weights, strict=True)) % 11
    return code[8] == ("X" if rest == 10 else str(rest))


def aba(value: str) -> bool:
    """US bank routing number."""
    n = digits(value)
    if len(n) != 9 or not (0 <= int(n[:2]) <= 12 or 21 <= int(n[:2]) <= 32 or 61 <= int(n[:2]) <= 72 or n[:2] == "80"):
        return False
    return int(n) > 0 and sum(int(c) * w for c, w in zip(n, (3, 7, 1) * 3, strict=True)) % 10 == 0


def nhs(value: str) -> bool:
    """UK NHS number, mod 11."""
    n = digits(value)
    if len(n) != 10 or len(set(n)) == 1:
        return False
    check = 11 - sum(int(c) * w for c, w in zip(n[:9], range(10, 1, -1), strict=True)) % 11
    return check % 11 == int(n[9]) and check != 10


def ssn(value: str) -> bool:
    """A US social security number that could be issued (area not 000, 666; group and serial not zero)."""
    n = digits(value)
    return len(n) == 9 and n[:3] not in ("000", "666") and n[3:5] != "00" and n[5:] != "0000" and len(set(n)) > 1


def dni(value: str) -> bool:
    """Spanish DNI or NIE with its letter."""
    code = compact(value)
    match = re.fullmatch(r"([XYZ]?)(\d{7,8})([A-Z])", code)
    if not match:
        return False
    number = int({"": "", "X": "0", "Y": "1", "Z": "2"}[match[1]] + match[2])
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == match[3]


def nir(value: str) -> bool:
    """French social security number: 97 - (number mod 97)."""
    code = compact(value).replace("2A", "19").replace("2B", "18")
    return bool(re.fullmatch(r"[12]\d{14}", code)) and 97 - int(code[:13]) % 97 == int(code[13:])


def steuer_id(value: str) -> bool:
    """German tax identification number, ISO 7064 mod 11,10."""
    n = digits(value)
    if len(n) != 11 or n[0] == "0" or max(Counter(n[:10]).values()) not in (2, 3):
        return False
    product = 10
    for character in n[:10]:
        total = (int(character) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(n[10])


def codice_fiscale(value: str) -> bool:
    """Italian tax code with its control letter."""
    code = compact(value)
    if not re.fullmatch(
        r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]", code
    ):
        return False
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    total = 0
    for position, character in enumerate(code[:15]):
        index = int(character) if character.isdigit() else ord(character) - 65
        total += index if position % 2 else odd[index]
    return chr(65 + total % 26) == code[15]


def bsn(value: str) -> bool:
    """Dutch citizen service number, the eleven test."""
    n = digits(value).zfill(9)
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return len(n) == 9 and int(n) > 0 and sum(int(c) * w for c, w in zip(n, weights, strict=True)) % 11 == 0


def sin_ca(value: str) -> bool:
    """Canadian social insurance number."""
    n = digits(value)
    return len(n) == 9 and n[0] not in "08" and luhn(n)


def tfn(value: str) -> bool:
    """Australian tax file number."""
    n = digits(value)
    return len(n) == 9 and sum(int(c) * w for c, w in zip(n, (1, 4, 3, 7, 5, 8, 6, 9, 10), strict=True)) % 11 == 0


def aadhaar(value: str) -> bool:
    """Indian Aadhaar number: 12 digits, not starting with 0 or 1, Verhoeff."""
    n = digits(value)
    if len(n) != 12 or n[0] in "01":
        return False
    times = [
        [(j + i) % 5 if j < 5 else (j - 5 + i) % 5 + 5 for j in range(10)]
        if i < 5
        else [(i - 5 - j) % 5 + 5 if j < 5 else (i - j) % 5 for j in range(10)]
        for i in range(10)
    ]
    permute = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for position, character in enumerate(reversed(n)):
        value_ = int(character)
        for _ in range(position % 8):
            value_ = permute[value_]
        check = times[check][value_]
    return check == 0


def pan_in(value: str) -> bool:
    """Indian PAN: the fourth letter is a holder class; a word of ten letters never passes."""
    return bool(re.fullmatch(r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]", value))


def nino(value: str) -> bool:
    """UK national insurance number: excluded prefixes of HMRC NIM39110."""
    code = compact(value)
    return bool(re.fullmatch(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", code))


def imei(value: str) -> bool:
    """15 digits with Luhn (3GPP TS 23.003 annex B)."""
    n = digits(value)
    return len(n) == 15 and len(set(n)) > 2 and luhn(n)


def bitcoin(value: str) -> bool:
    """Base58Check address: version and hash with four checksum bytes."""
    import hashlib

    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number = 0
    for character in value:
        if character not in alphabet:
            return False
        number = number * 58 + alphabet.index(character)
    try:
        raw = number.to_bytes(25, "big")
    except OverflowError:
        return False
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]
