"""Identifiers written as base64, hexadecimal, percent, HTML or other character codes: what they say is what counts.

A run of base64 or hexadecimal that decodes to readable text (RFC 4648) is masked whole: nobody can tell at a glance
what it gives away. Percent codes (RFC 3986) are masked where they hide a name, an address or a number.
"""

import base64
import binascii
import html
import quopri
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result
from appliance.redaction.recognizers.name_lists import may_be_name

SHORTEST = 12
"""Characters of the shortest run that is decoded."""
LONGEST = 4096
_BASE64 = regex.compile(
    rf"(?<![\w+/=@.-])(?=[A-Za-z+/_-]{{0,40}}[\dA-Z])[A-Za-z\d+/_-]{{{SHORTEST},{LONGEST}}}+={{0,2}}(?![\w+/=@])"
)
_AFTER_EQUALS = regex.compile(rf"(?<=[=:,\"'])[A-Za-z\d+/_-]{{{SHORTEST},{LONGEST}}}+={{0,2}}(?![\w+/=@])")
_HEX = regex.compile(r"(?<![\w])(?:0x)?(?:[\da-fA-F]{2}){8,2048}(?![\w])")
_PERCENT = regex.compile(r"(?<![\w%])[\w.~+@-]{0,200}+(?:%[\dA-Fa-f]{2}[\w.~+@-]{0,200}+)+")
_ENTITIES = regex.compile(r"(?<!\w)[\w.+-]{0,64}+(?:&(?:#\d{1,6}|#x[\da-fA-F]{1,5}|commat|period);[\w.+-]{0,64}+)+")
_ESCAPES = regex.compile(r"(?:\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}){4,500}")
_QUOTED = regex.compile(r"(?<![\w=])[\w.@-]{0,64}+(?:=[\dA-F]{2}[\w.@-]{0,64}+){4,500}")
_ESCAPE = regex.compile(r"\\u([\da-fA-F]{4})|\\x([\da-fA-F]{2})")
_WORD = regex.compile(r"\p{L}{3,}")


def _readable(raw: bytes) -> bool:
    """Whether bytes are text: UTF-8, eight characters or more, printable, mostly letters and digits."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    plain = sum(character.isalnum() or character in " @._-,:;/=()+'" for character in text)
    return len(text) >= 8 and all(c.isprintable() or c in "\r\n\t" for c in text) and plain >= 0.9 * len(text)


def _from_base64(value: str) -> bool:
    bare = value.rstrip("=").translate(str.maketrans("-_", "+/"))
    if len(bare) % 4 == 1:
        return False
    try:
        return _readable(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True))
    except (binascii.Error, ValueError):
        return False


def _identifies(decoded: str) -> bool:
    """Whether decoded text holds an address, a long number or a name."""
    return (
        regex.search(r"\w@\w", decoded) is not None
        or sum(c.isdigit() for c in decoded) >= 6
        or any(may_be_name(word) for word in _WORD.findall(decoded))
    )


def _unescaped(value: str) -> str:
    """What JSON's and Python's escapes mean."""
    return str(_ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), value))


def _unquoted(value: str) -> str:
    """What percent codes mean, also when they were put in percent codes again."""
    return unquote(unquote(unquote(value)))


def _from_quoted_printable(value: str) -> str:
    return quopri.decodestring(value.encode("utf-8")).decode("utf-8", "replace")


class EncodedRecognizer(ApplianceRecognizer):
    """See the module."""

    NAME = "encoded"
    TYPES = ("ID",)

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Runs of each encoding whose decoded text is readable or identifies."""
        for pattern in (_BASE64, _AFTER_EQUALS):
            for match in matches(pattern, text, self.name):
                if _from_base64(match[0]):
                    yield result("ID", match.start(), match.end(), 0.8, self, "base64 of readable text")
        for match in matches(_HEX, text, self.name):
            if _readable(bytes.fromhex(match[0].removeprefix("0x"))):
                yield result("ID", match.start(), match.end(), 0.8, self, "hexadecimal of readable text")
        for pattern, decode in _DECODERS:
            for match in matches(pattern, text, self.name):
                if _identifies(decode(match[0])):
                    yield result("ID", match.start(), match.end(), 0.8, self, "character codes that hide an identifier")


_DECODERS = (
    (_PERCENT, _unquoted),
    (_ENTITIES, html.unescape),
    (_ESCAPES, _unescaped),
    (_QUOTED, _from_quoted_printable),
)
