"""The `only` of a rule: of which findings of its type a profile acts on."""

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.redaction.policy import DIRECT_TYPES

NEAR = 160
"""Characters within which a place, date or organisation belongs to a person named beside it."""
_LINES = 2
"""A person two lines away is of another paragraph, or another row."""


@dataclass(frozen=True, slots=True)
class Place:
    """A finding in the document's joined text."""

    start: int
    end: int
    type: str


class People:
    """Where a document names people or numbers them, to tell what is about them."""

    def __init__(self, places: Iterable[Place], text: str) -> None:
        self._text = text
        self._places = sorted((each.start, each.end) for each in places if each.type in DIRECT_TYPES)

    def beside(self, start: int, end: int) -> bool:
        """Whether a person, or a number or address of one, stands near `start:end` in the same paragraph."""
        from bisect import bisect_left

        for first, last in self._places[bisect_left(self._places, (start - 4 * NEAR, 0)) :]:
            if first > end + NEAR:
                return False
            between = self._text[min(last, end) : max(first, start)] if last <= start or end <= first else ""
            if last >= start - NEAR and between.count("\n") < _LINES:
                return True
        return False


def applies(only: str, place: Place, text: str, people: People) -> bool:
    """Whether a rule restricted to some findings of its type applies to this one of `text`, the joined document."""
    import regex

    value = text[place.start : place.end]
    if only == "over_89":
        number = regex.search(r"\d+", value)
        return number is not None and int(number[0]) > 89
    if only == "complete_date":
        return regex.fullmatch(r"(?:18|19|20)\d{2}s?", value.strip()) is None
    if only == "sub_state":
        from appliance.redaction.recognizers.lexicon import words

        return value.casefold().strip(" .") not in words("countries")
    if only == "person_related":
        return people.beside(place.start, place.end)
    return True
