"""Which language a block is written in, by its function words. Good enough to know where English models mislead."""

import re
from collections import Counter

_FUNCTION_WORDS = {
    "en": "the of and to in is was for with on that as by at from are this be or an were which has have not his her she he it patient",
    "es": "de la el en y que los del las con por una un para se al es su no como fue paciente sin lo más años",
    "fr": "de la le et les des en un une du dans est pour que par sur avec pas au qui ce il elle ne se patient",
    "de": "der die und den von mit das ist des dem nicht ein eine für auf im sich auch als bei nach war wurde zum zur",
    "it": "di che la il un del per una con non sono le dei nel alla della è si da al gli paziente",
    "pt": "de que do da em um para com não uma os no se na por mais as dos ao foi paciente",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er om door was bij werd patiënt",
}
ASKING = {
    "es": "qué cuál cuáles cuándo dónde cómo quién quiénes cuánto cuánta cuántos cuántas debe puede hay",
    "fr": "quel quelle quels quelles quand où comment combien pourquoi faut doit peut-on est-ce",
    "de": "was wann wo wer wie welche welcher welches wieviel warum darf muss soll wird",
    "it": "quale quali quando quanto quanta quanti perché chi deve può",
    "pt": "qual quais quando onde quanto quantos quem deve pode há",
    "nl": "welke welk wanneer waar hoe wie hoeveel waarom moet mag kan",
}
"""Words that questions are asked with."""
QUESTION_WORDS = frozenset(word for words in ASKING.values() for word in words.split() if len(word) > 3)
_SPANISH_MARKS = re.compile("[¿¡]")
_LANGUAGES_OF = {
    word: [code for code, words in _FUNCTION_WORDS.items() if word in words.split()]
    for words in _FUNCTION_WORDS.values()
    for word in words.split()
}
_WORD = re.compile(r"[^\W\d_]+")
_NON_LATIN = re.compile(
    "[\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_SAMPLE = 4000


def language_of(text: str) -> str:
    """ISO 639-1 code of en, es, fr, de, it, pt or nl; `other` for another script; "" when it cannot be told."""
    sample = text[:_SAMPLE]
    letters = _WORD.findall(sample.casefold())
    if not letters:
        return ""
    if len(_NON_LATIN.findall(sample)) * 2 > sum(map(len, letters)):
        return "other"
    if _SPANISH_MARKS.search(sample[:200]):
        return "es"
    votes: Counter[str] = Counter()
    for word in letters:
        languages = _LANGUAGES_OF.get(word, ())
        for code in languages:
            votes[code] += 1 / len(languages)  # type: ignore[assignment]
    if not votes:
        return ""
    (best, count), *rest = votes.most_common(2)
    if count < 3 or (rest and count < 1.3 * rest[0][1]):
        return ""
    return best
