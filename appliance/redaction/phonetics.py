"""How a name sounds: NYSIIS, so that a name is found in another spelling.

R. L. Taft, "Name Search Techniques", New York State Identification and Intelligence System, 1970, with one
change: a `y` after the first letter is a vowel, so that Smith and Smyth agree.
"""

import re

_FIRST = (("mac", "mcc"), ("kn", "nn"), ("k", "c"), ("ph", "ff"), ("pf", "ff"), ("sch", "sss"), ("c", "c"))
_LAST = (("ee", "y"), ("ie", "y"), ("dt", "d"), ("rt", "d"), ("rd", "d"), ("nt", "d"), ("nd", "d"))
_VOWELS = frozenset("aeiouy")
_LETTERS = re.compile(r"[^a-z]")


def nysiis(name: str) -> str:
    """The NYSIIS code of one name part, lower case without diacritics; empty when it has no letter a to z."""
    word = _LETTERS.sub("", name)
    if not word:
        return ""
    word = _replace_start(word)
    for ending, other in _LAST:
        if word.endswith(ending) and len(word) > len(ending):
            word = word[: -len(ending)] + other
            break
    code = word[0]
    position = 1
    while position < len(word):
        piece, taken = _transcode(word, position)
        word = word[:position] + piece + word[position + taken :]
        for letter in piece:
            if letter != code[-1]:
                code += letter
        position += len(piece)
    return _trim(code)


def _replace_start(word: str) -> str:
    for start, other in _FIRST:
        if word.startswith(start):
            return other + word[len(start) :]
    return word


def _transcode(word: str, position: int) -> tuple[str, int]:
    """What the letters at `position` become, and how many of them that replaces."""
    rest = word[position:]
    if rest.startswith("ev"):
        return "af", 2
    letter = rest[0]
    if letter in _VOWELS:
        return "a", 1
    for start, other in (("kn", "nn"), ("sch", "sss"), ("ph", "ff")):
        if rest.startswith(start):
            return other, len(start)
    previous = word[position - 1]
    following = rest[1] if len(rest) > 1 else ""
    if letter == "h" and (previous not in _VOWELS or following not in _VOWELS):
        return previous, 1
    if letter == "w" and previous in _VOWELS:
        return previous, 1
    return {"q": "g", "z": "s", "m": "n", "k": "c"}.get(letter, letter), 1


def _trim(code: str) -> str:
    if len(code) > 1 and code.endswith("s"):
        code = code[:-1]
    if len(code) > 2 and code.endswith("ay"):
        code = code[:-2] + "y"
    if len(code) > 1 and code.endswith("a"):
        code = code[:-1]
    return code
