"""Names by what the words themselves are: listed names, forms that surnames take, foreign letters.

Evidence for the models to agree with, and a second chance where they know no name of a country: "Tanvir Chowdhury is
stubborn". The lists are a hint, so a word that English also uses counts only beside a second name; detection drops
what counter-evidence covers (Foley catheter). Surname forms are those of Slavic, Nordic, German, Greek, Armenian,
Georgian, Turkish, Romanian, Basque, Italian, Gaelic and South Indian usage. One pass over the capitalised words.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.language import QUESTION_WORDS, language_of
from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result
from appliance.redaction.recognizers.codes import label_type
from appliance.redaction.recognizers.counter import HEADING_WORDS, is_abbreviation
from appliance.redaction.recognizers.lexicon import words
from appliance.redaction.recognizers.names import clean_name, is_stop
from appliance.redaction.recognizers.ordinary import is_ordinary
from appliance.redaction.recognizers.organisations import GENERIC

_TOKEN = r"\p{Lu}[\p{L}\p{M}]*(?:['`-]\p{L}[\p{L}\p{M}]*)*"
_PARTICLE = r"(?:de la|de los|van der|van den|von der|de|del|della|di|da|dos|du|van|von|zu|ter|ten|bin|ibn|bint|el|al|af|av|y)"
_RUN = regex.compile(
    rf"(?<![\p{{L}}\p{{M}}\d./_-]){_TOKEN}(?:\.(?=[ ]\p{{Lu}}))?(?:[ ](?:{_PARTICLE}[ ])?{_TOKEN}(?:\.(?=[ ]\p{{Lu}}))?)*(?![\d_])"
)
_WORD = regex.compile(_TOKEN)
_INVERTED = regex.compile(
    rf"(?:^|[\n;|(]|[.!?][ ]|[ ]{{2}})[ ]*(?P<v>(?P<s>{_TOKEN}(?:[ ]{_TOKEN})?),[ ](?P<g>{_TOKEN})(?:[ ]\p{{Lu}}\.|[ ]{_TOKEN})?)"
    r"(?=[ ]*(?:$|\n|[-;|()/]|(?:is|was|has|had|will|reports?|presents?|came|called|seen|admitted|aged?)\b))",
    regex.MULTILINE,
)
_SUBJECT = regex.compile(
    rf"(?:^|[.!?:\"][ ]|[ ](?:and|but|because|that|if|when)[ ])[ ]*(?P<v>{_TOKEN}(?:[ ]{_TOKEN})?)[ ](?:(?:never|always|also|just|already|still|often)[ ])?"
    r"(?:(?:said|says|told|tells|asked|asks|thinks|thought|believes?d?|knows|knew|wants|wanted|likes|liked|loves|loved|lives|lived|wrote|writes|began writing|emailed|phoned|replied|answered|smiled|laughed|cried|married|divorced|graduated|"
    r"studied|resigned|retired|apologi[sz]ed|agreed|refused|complained|complains|hopes|hoped|suffers|suffered|drinks|smokes|slept|sleeps|walked|moved to|died|forgot|remembers|hates|enjoys|speaks|grew up|was born)\b|"
    r"(?:is|was|seems|looks)[ ](?:(?:very|so|really|always|quite|too|not|a bit)[ ])?(?:reliable|kind|nice|friendly|impulsive|angry|happy|sad|tired|married|single|divorced|widowed|pregnant|retired|hungry|stubborn|sick|ill|upset|worried|afraid|"
    r"crying|my|his|her|their|our|\d{1,3}[ ]years)\b)",
    regex.MULTILINE,
)
_ASKED_AFTER = regex.compile(
    rf"(?:\b(?:Why|Where|When|How|why|where|when|how)[ ](?:is|was|does|did|has|will|would|can|should)|\b(?:Is|Has|Does|Did|Will|Can|Was)|\b(?:[Tt]ell|[Aa]sk|[Rr]emind|[Tt]hank)|\b[Mm]et)[ ](?P<v>{_TOKEN}(?:[ ]{_TOKEN})?)"
    r"(?=[ ](?:\p{Ll}|I\b)|[?,.!])"
)
_SURNAME_FORM = regex.compile(
    r"(?:\p{L}{2,}(?:[oe]v|ova|eva|ová|ovna|ovich|evich|ovi[cć]|evi[cć]|enko|chuk|czuk|[cs]zyk|wicz|vych|sk[iy]|ska|skaya|ský|cki|cka|auskas|aitis|ienė|sson|sdottir|sdóttir|dóttir|quist|qvist|gaard|"
    r"gård|lund|ström|strom|stra|inga|mann|meier|meyer|maier|bauer|hofer|huber|egger|stein|poulos|poulou|idis|iadis|akis|oglou|shvili|adze|idze|oğlu|oglu|escu|eanu|nen|goitia|berria|zabal|etxea|etti|elli|ucci|acci|azzo|"
    r"swamy|swami|murthy|nathan|wala|singhe|wardena|wardene|suriya|jeet|preet|inder|deep|yan|nyi|wska|czak|ewska|owski|ewski|szky|vský|iak|uk)|(?:Mac|Mc|Fitz|O')\p{Lu}\p{L}{2,}|(?:Nwa|Chukwu|Oluwa|Ade|Ola|Ngo|Mba|Nko)\p{Ll}{3,}|Al-\p{Lu}\p{L}{2,}|El-\p{Lu}\p{L}{2,})"
)
_NOT_ENGLISH_LETTER = regex.compile(r"[^\x00-\x7f]")
_GIVEN_TOO = frozenset(
    """
amber angel art april bill bob christian crystal daisy dale dawn dean drew earl faith fern frank gene ginger grace grant guy hazel heather holly hope hunter iris ivory ivy jack jade jesus joy june junior laurel lily logan mark
martin mason max mercy miles pat pearl penny peter rich rob robin rose rosemary ruby rusty sage sandy sonny sterling sue summer violet wade walker will ray royal precious blessing patience innocent gift melody opal victoria
sydney florence trinity felicity harmony baron jewel autumn marina roman merry
""".split()
)
_GIVEN, _SURNAME, _BOTH, _FORM, _FOREIGN, _UNKNOWN, _INITIAL, _NO = "G", "S", "A", "M", "F", "U", "I", "-"
_SENTENCE_START = regex.compile(r"(?:^|[\n|.!?:•(\"-]) {0,2}$|^$")
_LOWER_WORD = regex.compile(r"(?<![\p{L}\p{M}\d@./_'-])\p{Ll}[\p{L}\p{M}]{2,}(?:-\p{L}+)*(?![\p{L}\d_@]|[./][\p{L}\d])")
_NEXT_LINE_OR_CELL = regex.compile(rf"[ ]?(?:\n|\|)[ ]?(?P<v>{_TOKEN})(?=[ ]?(?:[\n|]|$)|[ ]\p{{Ll}})")
_LINE = regex.compile(r"[^\n]+")
_SENTENCE = regex.compile(r"[^.!?\n]+")


@lru_cache(maxsize=50_000)
def kind(word: str) -> str:
    """What a capitalised word may be: given name, surname, either and an ordinary word too, surname form, unknown."""
    if len(word) == 1:
        return _INITIAL
    folded = word.casefold().removesuffix("'s")
    if len(folded) < 3 or is_abbreviation(folded) or is_stop(word) or folded in HEADING_WORDS or folded in GENERIC:
        return _NO
    if folded in QUESTION_WORDS:
        return _NO
    if folded in words("ambiguous_names"):
        return _BOTH
    if folded in words("given_names"):
        return _GIVEN
    if folded in words("surnames"):
        return _SURNAME
    if any(folded in words(each) for each in ("demonyms", "countries", "drugs", "eponyms")) or label_type(folded):
        return _NO
    if "-" in folded:
        parts = [kind(part[:1].upper() + part[1:]) for part in word.split("-") if part]
        return next((each for each in (_GIVEN, _SURNAME, _FORM, _FOREIGN) if each in parts), _NO)
    if is_ordinary(folded) or (word.isupper() and len(word) < 5):
        return _NO
    if _SURNAME_FORM.fullmatch(word if not word.isupper() else word.capitalize()):
        return _FORM
    if _NOT_ENGLISH_LETTER.search(word):
        return _FOREIGN
    return _UNKNOWN


def may_be_name(word: str) -> bool:
    """Whether `word`, capitalised, is a listed name that is no other word, or has the form of a surname."""
    return len(word) > 3 and kind(word[:1].upper() + word[1:]) in (_GIVEN, _SURNAME, _FORM)


def run_score(kinds: str, first: str, capitals: bool, starts: bool) -> tuple[float, str]:
    """How far a run of words of these `kinds` is a name: (score, reason)."""
    named = [each for each in kinds if each != _INITIAL]
    if not named:
        return 0.0, ""
    if len(named) > 1:
        strong = sum(each in (_GIVEN, _SURNAME) for each in named)
        if _GIVEN in named and strong > 1:
            return 0.75, "listed given name and surname"
        if _GIVEN in named:
            return 0.62, "listed given name and another name"
        if _FORM in named or strong:
            return 0.5, "surname beside another name"
        if _FOREIGN in named:
            return 0.45, "foreign letters in several names"
        given_too = first.casefold() in _GIVEN_TOO
        if named[0] == _BOTH and given_too and not capitals and not starts:
            return 0.45, "words that are names too"
        return 0.3, "several capitalised words"
    (only,) = named
    with_initial = len(kinds) > 1
    if capitals:
        return (0.5, "listed name and an initial") if with_initial and only in (_GIVEN, _SURNAME) else (0.25, "capitals")
    if only == _GIVEN:
        return (0.43 if starts else 0.52), "listed given name"
    if only in (_SURNAME, _FORM, _FOREIGN):
        why = {_SURNAME: "listed surname", _FORM: "form of a surname", _FOREIGN: "foreign letters"}[only]
        return (0.5 if with_initial else 0.38 if starts else 0.44), why
    return 0.0, ""


class NameListRecognizer(ApplianceRecognizer):
    """See the module."""

    NAME = "name_list"
    TYPES = ("PERSON",)

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Runs of capitalised words that may be names, "Surname, Given", and listed names in lower case."""
        english = language_of(text) in ("", "en")
        for match in matches(_RUN, text, self.name):
            yield from self._of_run(text, match.start(), match.end(), english)
        for match in matches(_INVERTED, text, self.name):
            family = [kind(word) for word in _WORD.findall(match["s"])]
            given = kind(match["g"])
            if _NO not in family and given in (_GIVEN, _BOTH, _FORM, _FOREIGN, _UNKNOWN):
                sure = given == _GIVEN or any(each in (_SURNAME, _FORM) for each in family)
                start, end = match.span("v")
                yield result("PERSON", start, end, 0.6 if sure else 0.35, self, "surname, given name")
        if english:
            yield from self._in_lower_case(text)
            for pattern, reason in ((_SUBJECT, "subject of a human verb"), (_ASKED_AFTER, "person asked after")):
                for match in matches(pattern, text, self.name):
                    start, end = match.span("v")
                    if not {_NO, _INITIAL}.intersection(map(kind, _WORD.findall(match["v"]))):
                        yield result("PERSON", start, end, 0.45, self, reason)

    def _of_run(self, text: str, start: int, end: int, english: bool) -> Iterator[RecognizerResult]:
        """Split a run at words that are no names, and judge each part."""
        part: list[tuple[int, int, str]] = []
        for match in _WORD.finditer(text, start, end):
            known = kind(match[0])
            if known == _FOREIGN and not english:
                known = _UNKNOWN
            if known == _NO:
                yield from self._of_part(text, part)
                part = []
            else:
                part.append((*match.span(), known))
        yield from self._of_part(text, part)

    def _of_part(self, text: str, part: list[tuple[int, int, str]]) -> Iterator[RecognizerResult]:
        while part and part[-1][2] == _INITIAL and text[part[-1][1] : part[-1][1] + 1] != ".":
            part = part[:-1]
        if not part:
            return
        start, end = part[0][0], part[-1][1]
        value = text[start:end]
        starts = _SENTENCE_START.search(text, max(0, start - 4), start) is not None
        first = next((text[s:e] for s, e, each in part if each != _INITIAL), "")
        capitals = len(value) > 1 and value.isupper()
        score, reason = run_score("".join(each for _, _, each in part), first, capitals, starts)
        if score > 0.28:
            start, end = clean_name(text, start, end)
            if end - start > 1:
                yield result("PERSON", start, end, score, self, reason)
                after = _NEXT_LINE_OR_CELL.match(text, end) if part[-1][2] == _GIVEN and end == part[-1][1] else None
                if after and kind(after["v"]) in (_SURNAME, _FORM, _FOREIGN, _UNKNOWN):
                    yield result("PERSON", after.start("v"), after.end("v"), 0.42, self, "surname on the next line or cell")

    def _in_lower_case(self, text: str) -> Iterator[RecognizerResult]:
        """Listed names in lines that use no capitals, as chats and captions are; the word after one goes with it."""
        for line in _LINE.finditer(text):
            for sentence in _SENTENCE.finditer(text, *line.span()):
                if not _careless(sentence[0]):
                    continue
                previous = -2
                for match in _LOWER_WORD.finditer(text, *sentence.span()):
                    start, end = match.span()
                    word = match[0]
                    follows = previous == start - 1
                    if word in words("ambiguous_names") or is_ordinary(word) or is_stop(word.capitalize()):
                        continue
                    known = kind(word.capitalize())
                    beside = follows and known in (_SURNAME, _FORM, _FOREIGN, _UNKNOWN)
                    if beside or (known == _GIVEN and len(word) > 3):
                        score = 0.5
                    elif (known in (_FOREIGN, _SURNAME) and len(word) > 4) or (known == _FORM and len(word) > 7):
                        score = 0.42
                    else:
                        continue
                    previous = end
                    yield result("PERSON", start, end, score, self, "listed name in lower case")


def _careless(sentence: str) -> bool:
    """Whether a sentence of two words or more has no capital but "I" and shouting, so that capitals tell nothing."""
    tokens = sentence.split()
    return len(tokens) > 1 and not any(token[0].isupper() and len(token) > 1 and not token.isupper() for token in tokens)
