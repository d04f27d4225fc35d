"""Names in a question that detection misses: a surname alone, all in capitals, misspelt, taken for a place.

For a person who may ask by name, the vault is asked which words of the question are parts of names that it knows
in the collections asked, by their letters or their sound. A word that English writes in lower case is none, unless
it stands beside one that is: nobody is found by "will" or "may".
"""

import re
from collections.abc import Sequence

from appliance.redaction.findings import Finding
from appliance.redaction.persons import CREDENTIALS, TITLES, plain
from appliance.redaction.surrogates import PERSON, SURROGATE
from appliance.redaction.vault import Vault

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['\u2019]s$")
_SHORTEST = 3
_FURTHEST = 3
"""Characters between two words of one name: a space, a comma and a space."""


def spotted(text: str, domains: Sequence[str], vault: Vault) -> list[Finding]:
    """Findings, of block 0, for the names in `text` that are known in `domains`."""
    # Where the word lists live, Presidio is loaded too.
    from appliance.redaction.recognizers.lexicon import words
    from appliance.redaction.recognizers.ordinary import is_ordinary

    typed = [(match.start(), match.end()) for match in SURROGATE.finditer(text)]
    tokens = [
        (match.start(), match.start() + len(_POSSESSIVE.sub("", match[0])), _POSSESSIVE.sub("", match[0]))
        for match in _WORD.finditer(text)
        if not any(start <= match.start() < end for start, end in typed)
    ]
    tokens = [each for each in tokens if len(each[2]) >= _SHORTEST and plain(each[2]) not in TITLES | CREDENTIALS]
    telling = {word for _, _, word in tokens if not is_ordinary(word) and plain(word) not in words("ambiguous_names")}
    known = vault.parts_known(domains, {word for _, _, word in tokens}, telling)
    runs: list[list[tuple[int, int, str]]] = []
    for token in tokens:
        if token[2] not in known:
            continue
        if runs and token[0] - runs[-1][-1][1] <= _FURTHEST:
            runs[-1].append(token)
        else:
            runs.append([token])
    return [
        Finding(0, run[0][0], run[-1][1], PERSON, 0.9, "vault")
        for run in runs
        if any(word in telling for _, _, word in run)
    ]
