"""Check digits of further countries' identity numbers. Each function takes the value as written and says whether it holds.

Sources: Receita Federal (CPF), the Polish PESEL act, Romanian CNP order 2001, Swiss AHV/AVS number (GS1 check digit),
Swedish Tax Agency (Luhn), Norwegian Tax Administration (modulus 11), Finnish DVV (modulus 31), Belgian RRN (modulus 97),
Chilean RUT (modulus 11), Hong Kong and Singapore identity cards, Turkish kimlik, GB 11643-1999 (China), South African
identity number (Luhn), Irish PPS (modulus 23).
"""

from appliance.redaction.recognizers.checks import compact, digits, luhn


def _weighted(number: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def cpf(value: str) -> bool:
    """Brazilian taxpayer number."""
    n = digits(value)
    if len(n) != 11 or len(set(n)) == 1:
        return False
    return all(_weighted(n, tuple(range(k + 1, 1, -1))) * 10 % 11 % 10 == int(n[k]) for k in (9, 10))


def pesel(value: str) -> bool:
    """Polish personal number."""
    n = digits(value)
    return len(n) == 11 and _weighted(n, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0 and 1 <= int(n[4:6]) <= 31


def cnp(value: str) -> bool:
    """Romanian personal number."""
    n = digits(value)
    if len(n) != 13 or n[0] == "0":
        return False
    rest = _weighted(n, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if rest == 10 else rest) == int(n[12])


def avs(value: str) -> bool:
    """Swiss social insurance number, 756 and an EAN-13 check digit."""
    n = digits(value)
    return len(n) == 13 and n.startswith("756") and _weighted(n, (1, 3) * 6 + (1,)) % 10 == 0


def personnummer(value: str) -> bool:
    """Swedish personal number, ten or twelve digits, Luhn over the last ten."""
    n = digits(value)
    return len(n) in (10, 12) and luhn(n[-10:]) and 1 <= int(n[-8:-6]) <= 12


def fodselsnummer(value: str) -> bool:
    """Norwegian birth number: two modulus-11 digits."""
    n = digits(value)
    if len(n) != 11:
        return False
    first, second = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    return _weighted(n, first) % 11 == 0 and _weighted(n, second) % 11 == 0


def hetu(value: str) -> bool:
    """Finnish personal code with its check character."""
    code = value.upper().replace(" ", "")
    number = digits(code[:6] + code[7:10])
    return len(number) == 9 and len(code) == 11 and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number) % 31] == code[10]


def rrn_be(value: str) -> bool:
    """Belgian national register number, modulus 97 before and after 2000."""
    n = digits(value)
    return len(n) == 11 and int(n[9:]) in (97 - int(n[:9]) % 97, 97 - int("2" + n[:9]) % 97)


def rut(value: str) -> bool:
    """Chilean RUT with its check character."""
    code = compact(value)
    body, check = code[:-1], code[-1:]
    if not body.isdigit() or not 7 <= len(body) <= 8:
        return False
    rest = 11 - sum(int(d) * (2 + k % 6) for k, d in enumerate(reversed(body))) % 11
    return {11: "0", 10: "K"}.get(rest, str(rest)) == check


def hkid(value: str) -> bool:
    """Hong Kong identity card, one or two letters, six digits, check character."""
    code = compact(value)
    if not 8 <= len(code) <= 9:
        return False
    code = code.rjust(9)
    values = [36 if c == " " else int(c, 36) for c in code[:8]]
    total = sum(v * w for v, w in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if code[8] == "A" else int(code[8], 36))) % 11 == 0


def nric(value: str) -> bool:
    """Singapore identity or foreign number with its letter."""
    code = compact(value)
    total = _weighted(code[1:8], (2, 7, 6, 5, 4, 3, 2)) + (4 if code[0] in "TG" else 0)
    return ("JZIHGFEDCBA" if code[0] in "ST" else "XWUTRQPNMLK")[total % 11] == code[8]


def kimlik(value: str) -> bool:
    """Turkish identity number."""
    n = digits(value)
    if len(n) != 11 or n[0] == "0":
        return False
    odd, even = sum(int(c) for c in n[0:9:2]), sum(int(c) for c in n[1:8:2])
    return (odd * 7 - even) % 10 == int(n[9]) and sum(int(c) for c in n[:10]) % 10 == int(n[10])


def resident_cn(value: str) -> bool:
    """Chinese resident identity number, ISO 7064 MOD 11-2."""
    code = compact(value)
    if len(code) != 18 or not code[:17].isdigit():
        return False
    return "10X98765432"[sum(int(c) * pow(2, 17 - k, 11) for k, c in enumerate(code[:17])) % 11] == code[17]


def id_za(value: str) -> bool:
    """South African identity number, Luhn, with a month and day in range."""
    n = digits(value)
    return len(n) == 13 and luhn(n) and 1 <= int(n[2:4]) <= 12 and 1 <= int(n[4:6]) <= 31


def pps(value: str) -> bool:
    """Irish personal public service number."""
    code = compact(value)
    total = _weighted(code[:7], (8, 7, 6, 5, 4, 3, 2))
    total += 9 * (ord(code[8]) - 64) if len(code) == 9 and code[8] != "W" else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == code[7]
