"""Names in disguise: OCR confusions, letters set apart, joined by underscores or capitals.

"Tanv1r Ch0wdhury", "C H O W D H U R Y", "Tanvir_Chowdhury_report", "TanvirChowdhury".
"""

from collections.abc import Iterable, Iterator
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result
from appliance.redaction.recognizers.name_lists import may_be_name

_MISREAD = regex.compile(
    r"(?<![\w@./-])(?=\w{0,30}\p{L})(?=\p{L}{0,30}[0158])[\p{Lu}01][\p{L}01583]{2,30}(?![\w@]|[./-]\w)"
)
_SPACED = regex.compile(r"(?<!\w)\p{Lu}(?:[ ]\p{Lu}){3,20}(?!\w)")
_JOINED = regex.compile(r"(?<![\p{L}\d])\p{L}{2,30}(?:_\p{L}{2,30})+(?![\p{L}])")
_CAMEL = regex.compile(r"(?<![\p{L}\d_])(?P<a>\p{Lu}\p{Ll}{2,20})(?P<b>\p{Lu}\p{Ll}{2,20})(?!\p{L})")
_LABEL = regex.compile(
    r"(?i)(?:\b(?:patient|name|nombre|surname|forename|dr|mr|mrs|ms)\b\.?[ ]?[:.]?[ ]{0,2}|\b\p{Lu}[\p{L}01583]+[ ])$"
)


def readings(word: str) -> Iterator[str]:
    """What an OCR engine may have misread: 0 for o, 1 for l or i, 5 for s, 8 for b, 3 for e."""
    plain = word.translate(str.maketrans("0583", "osbe"))
    yield plain.replace("1", "i")
    yield plain.replace("1", "l")


class DisguisedNameRecognizer(ApplianceRecognizer):
    """See the module."""

    NAME = "disguised_name"
    TYPES = ("PERSON",)

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Every disguised name that the lists know, and misread words after a name's label."""
        for match in matches(_MISREAD, text, self.name):
            letters = sum(character.isalpha() for character in match[0])
            if letters < 3 or letters * 3 < len(match[0]) * 2:
                continue
            if any(may_be_name(each.capitalize()) for each in readings(match[0])):
                yield result("PERSON", match.start(), match.end(), 0.6, self, "listed name with misread letters")
            elif _LABEL.search(text, max(0, match.start() - 40), match.start()) and letters > 3:
                yield result("PERSON", match.start(), match.end(), 0.5, self, "misread word after a name's label")
        for match in matches(_SPACED, text, self.name):
            if may_be_name(match[0].replace(" ", "").capitalize()):
                yield result("PERSON", match.start(), match.end(), 0.6, self, "listed name in letters set apart")
        for match in matches(_JOINED, text, self.name):
            pieces = list(regex.finditer(r"\p{L}+", match[0]))
            known = [piece for piece in pieces if may_be_name(piece[0].capitalize())]
            for piece in known if len(known) > 1 or (known and match[0][0].isupper()) else ():
                start = match.start() + piece.start()
                yield result("PERSON", start, start + len(piece[0]), 0.55, self, "listed name joined by underscores")
        for match in matches(_CAMEL, text, self.name):
            if may_be_name(match["a"]) and may_be_name(match["b"]):
                yield result("PERSON", match.start(), match.end(), 0.55, self, "listed names written together")
