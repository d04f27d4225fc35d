"""Stand-ins that look like what they replace: for the action `fake`, where a text must stay readable for software.

A fake is made from its surrogate's random letters and the form of the original, so it is the same for the same
identifier of a collection and tells nothing else about it. It is never a valid identifier of anybody: card numbers
fail their check digit (ISO/IEC 7812-1), bank accounts bear check digits 00 (ISO 13616), social security numbers an
area of 9, telephone numbers a leading 0, addresses lie in networks and domains reserved for documentation (RFC 2606,
RFC 5737). Two people may get one name, about once in ten million pairs.

A reader cannot tell a fake from the truth, and it cannot be turned back on the screen. Types that have no safe fake
keep their surrogate.
"""

import hashlib
from collections.abc import Iterator
from functools import cache

from appliance.redaction.surrogates import SURROGATE

_SHORTEST_NAME = 4
_CODES = frozenset({"MEDICAL_RECORD", "ACCOUNT_NUMBER", "ID"})


def fake(type_: str, original: str, surrogate: str) -> str:
    """The fake of one identifier in the form of `original`, or `surrogate` where its type has none."""
    match = SURROGATE.fullmatch(surrogate)
    if match is None:
        return surrogate
    for attempt in range(16):
        made = _made(type_, original, _numbers(f"{match[2]}{attempt}"))
        if made is None:
            return surrogate
        if made.casefold() != original.casefold():
            return made
    return surrogate


def _made(type_: str, original: str, numbers: Iterator[int]) -> str | None:
    if type_ == "PERSON":
        return _name(original, numbers)
    if type_ == "EMAIL_ADDRESS":
        given, surname = _name("", numbers).lower().split()
        return f"{given}.{surname}{next(numbers) % 100}@example.invalid"
    if type_ == "URL":
        return f"https://example.invalid/{next(numbers) % 10**6:06}"
    if type_ == "IP_ADDRESS":
        return f"192.0.2.{next(numbers) % 254 + 1}"
    if type_ == "CREDIT_CARD":
        return _unchecked(_same_form(original, numbers))
    if type_ == "IBAN_CODE":
        return _unchecked(_same_form(original, numbers, keep=2, zeros=2))
    if type_ == "US_SSN":
        return _leading(_same_form(original, numbers), "9")
    if type_ == "PHONE_NUMBER":
        return _leading(_same_form(original, numbers), "0")
    if type_ in _CODES and any(c.isalnum() for c in original):
        return _same_form(original, numbers)
    return None


def _name(original: str, numbers: Iterator[int]) -> str:
    given, surnames = _names()
    name = f"{given[next(numbers) % len(given)]} {surnames[next(numbers) % len(surnames)]}"
    return name.upper() if original.isupper() and len(original) > 1 else name


@cache
def _names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    from appliance.redaction.recognizers.lexicon import words

    given, surnames = (
        tuple(sorted(w.title() for w in words(file) if w.isascii() and w.isalpha() and len(w) >= _SHORTEST_NAME))
        for file in ("given_names", "surnames")
    )
    return given, surnames


def _same_form(original: str, numbers: Iterator[int], *, keep: int = 0, zeros: int = 0) -> str:
    """Digits for digits and letters for letters; the first `keep` stay, the next `zeros` become 0."""
    made, seen = [], 0
    for character in original:
        if character.isalnum():
            seen += 1
            if seen <= keep:
                made.append(character)
            elif seen <= keep + zeros:
                made.append("0")
            elif character.isdigit():
                made.append(str(next(numbers) % 10))
            else:
                letter = chr(ord("a") + next(numbers) % 26)
                made.append(letter.upper() if character.isupper() else letter)
        else:
            made.append(character)
    return "".join(made)


def _leading(number: str, digit: str) -> str:
    """The first digit replaced: it makes the number one that nobody has."""
    at = next((n for n, c in enumerate(number) if c.isdigit()), None)
    return number if at is None else number[:at] + digit + number[at + 1 :]


def _unchecked(number: str) -> str:
    """A card or account number that fails its check digits."""
    from appliance.redaction.screening import iban, luhn

    at = max(n for n, c in enumerate(number) if c.isdigit())
    for digit in range(10):  # at most one passes either check
        made = f"{number[:at]}{(int(number[at]) + digit) % 10}{number[at + 1 :]}"
        if not luhn(made) and not (made[:2].isalpha() and iban(made)):
            break
    return made


def _numbers(seed: str) -> Iterator[int]:
    counter = 0
    while True:
        digest = hashlib.sha256(f"{seed}/{counter}".encode()).digest()
        yield from (int.from_bytes(digest[n : n + 4], "big") for n in range(0, 32, 4))
        counter += 1
