"""Check digits of the identifiers that carry them, so that invented numbers are well formed.

A number is written in `content/people.yaml` with `?` where its check digits belong.
"""


def fill(kind: str, pattern: str) -> str:
    """Replace the `?` of an `iban`, `card` or `nhs` pattern by its check digits; spaces are kept.

    Raises ValueError for an NHS number that has no valid check digit.
    """
    return {"iban": _iban, "card": _luhn, "nhs": _nhs}[kind](pattern)


def _iban(pattern: str) -> str:
    """ISO 13616 with the check of ISO 7064 (mod 97-10)."""
    bare = pattern.replace(" ", "")
    country, bban = bare[:2], bare[4:]
    digits = "".join(str(int(c, 36)) for c in bban + country + "00")
    return pattern.replace("??", f"{98 - int(digits) % 97:02d}", 1)


def _luhn(pattern: str) -> str:
    """ISO/IEC 7812-1 annex B."""
    digits = [int(c) for c in reversed(pattern.replace(" ", "")[:-1])]
    total = sum(sum(divmod(d * 2, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    return pattern[:-1] + str(-total % 10)


def _nhs(pattern: str) -> str:
    """NHS Data Dictionary, modulus 11."""
    digits = [int(c) for c in pattern.replace(" ", "")[:9]]
    check = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
    if check == 10:
        raise ValueError("this NHS number has no check digit; take another")
    return pattern[:-1] + str(check % 11)
