"""Whether a capitalised word is an ordinary one that begins a sentence, a heading or a cell, and so no name."""

from collections.abc import Iterable

from appliance.redaction.recognizers.lexicon import words

_ENDINGS = (("ies", "y"), ("es", ""), ("s", ""), ("ly", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))
_SHORTEST_STEM = 4


def is_known_name(word: str) -> bool:
    """Whether `word` is in the lists of given names and surnames."""
    word = word.casefold()
    return word in words("given_names") or word in words("surnames")


def is_ordinary(word: str) -> bool:
    """Whether English writes `word`, or what it is derived from, in lower case; False for every known name."""
    word = word.casefold().removesuffix("'s")
    if is_known_name(word) or word in words("ambiguous_names"):
        return False
    listed = words("ordinary_words")
    if word in listed or (word.startswith("un") and word[2:] in listed):
        return True
    if "-" in word:
        return all(part in listed for part in word.split("-") if part)
    return any(
        word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM and word[: -len(ending)] + rest in listed
        for ending, rest in _ENDINGS
    )


def all_ordinary(tokens: Iterable[str]) -> bool:
    """Whether every word is ordinary; letters alone and short abbreviations say nothing. False when none says it."""
    bare = [token.strip("-'") for token in tokens]
    telling = [token for token in bare if len(token) > 2 and not (token.isupper() and len(token) < 5)]
    return bool(telling) and all(is_ordinary(token) for token in telling)
