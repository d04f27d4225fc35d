"""Identifiers that fields of the file name as such: the patient of a message, wherever its text says the name.

A laboratory message has the patient's name and number in fields of their own and again in a typist's note. What
the fields say is certain, so it is looked for in all texts, in any case and over any blanks; of a name every
part, but one that is an ordinary word too only where it is capitalised.
"""

from collections.abc import Iterator, Sequence

import regex

from appliance.documents.document import Known

MIN_CHARS = 3
"""Shorter values (initials, a set number) would be found inside anything."""
MIN_PART = 4
"""Characters of a part of a name that is looked for alone."""
_BLANKS = regex.compile(r"[\s,]+")


def spans(text: str, known: Sequence[Known]) -> Iterator[tuple[int, int, str]]:
    """(start, end, type) of every mention in `text`; names also with the family name first, and by their parts."""
    from appliance.redaction.recognizers.lexicon import words

    if not known:
        return
    ordinary = words("ambiguous_names")
    for type_, value in dict.fromkeys((one.type, form) for one in known for form in _forms(one)):
        pieces = [regex.escape(word) for word in _BLANKS.split(value) if word]
        if sum(len(word) for word in pieces) < MIN_CHARS:
            continue
        flags = regex.IGNORECASE
        if type_ == "PERSON" and len(pieces) == 1 and value.casefold() in ordinary:
            pieces, flags = [f"(?:{regex.escape(value.capitalize())}|{regex.escape(value.upper())})"], regex.VERSION0
        for match in regex.finditer(r"(?<!\w)" + r"[\s,]+".join(pieces) + r"(?!\w)", text, flags):
            yield match.start(), match.end(), type_


def _forms(one: Known) -> Iterator[str]:
    yield one.text
    from appliance.redaction.recognizers.names import is_stop

    parts = one.text.split()
    if one.type != "PERSON" or len(parts) < 2:
        return
    yield " ".join([parts[-1], *parts[:-1]])
    yield f"{parts[0]} {parts[-1]}"
    yield f"{parts[-1]} {parts[0]}"
    yield from (part for part in parts if len(part) >= MIN_PART and part.isalpha() and not is_stop(part))
