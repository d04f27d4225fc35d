"""Which way a sentence points: negation, direction, and what it would say if it said the opposite. English.

A contradiction repeats the words of what it contradicts; it differs in a negation, a direction, a comparison.
"""

import re
from collections.abc import Iterable

from appliance.answering.words import DOWN, NEGATIONS, UP, WORD, stem, stems

_PAIRS = """increase decrease;increases decreases;increased decreased;increasing decreasing;higher lower;high low;
more less;more fewer;greater smaller;rise fall;rises falls;rose fell;elevated reduced;elevates reduces;
enhance impair;enhances impairs;enhanced impaired;promote inhibit;promotes inhibits;promoted inhibited;
activate inhibit;activates inhibits;activated inhibited;activation inhibition;improve worsen;
improves worsens;improved worsened;better worse;upregulate downregulate;upregulates downregulates;
upregulated downregulated;induce suppress;induces suppresses;induced suppressed;cause prevent;
causes prevents;caused prevented;gain loss;positive negative;positively negatively;most least;always never;
all none;before after;above below;over under;maximum minimum;longer shorter;long short;larger smaller;
large small;stronger weaker;strong weak;faster slower;fast slow;early late;earlier later;present absent;
presence absence;sensitive resistant;sensitivity resistance;susceptible resistant;dependent independent;
beneficial harmful;safe unsafe;effective ineffective;significant insignificant;able unable;
possible impossible;likely unlikely;common rare;accelerate delay;accelerates delays;accelerated delayed;
stimulate inhibit;stimulates inhibits;with without;allowed forbidden;permitted prohibited;required optional;
start stop;started stopped;open closed;approve reject;approved rejected;accept refuse;accepted refused;
succeeded failed;success failure;inpatient outpatient;debit credit;first last;old young;older younger;
male female;men women;left right;oral intravenous;acute chronic;include exclude;includes excludes;
included excluded;same different;similar different;active inactive;normal abnormal;gain lose;raise lower"""


def _table() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.replace("\n", "").split(";"):
        one, other = pair.split()
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


OPPOSITES = _table()
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|does|do|did|can|could|will|would|should|may|might|must|has|have|had)\b(?! not)", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:do|does|did) not |\bnot |\bno |\bnever |n't\b|\bcannot\b", re.IGNORECASE)


def opposite(sentence: str) -> str:
    """The sentence turned round: opposites swapped, else a negation taken out or put in."""
    swapped = re.sub(
        r"[A-Za-z]+", lambda m: next(iter(sorted(OPPOSITES.get(m.group().lower(), {m.group()})))), sentence
    )
    if swapped.lower() != sentence.lower():
        return swapped
    if _NOT.search(sentence):
        return _NOT.sub("", sentence, count=1)
    if _AUXILIARY.search(sentence):
        return _AUXILIARY.sub(r"\1 not", sentence, count=1)
    return "It is not true that " + sentence


def negations_near(text: str, wanted: Iterable[str], reach: int = 5) -> int:
    """Negations of `text` that stand at most `reach` words before or two after a stem of `wanted`."""
    sequence = [match.group().lower() for match in WORD.finditer(text)]
    keys = set(wanted)
    at = [i for i, word in enumerate(sequence) if stem(word) in keys]
    return sum(
        (word in NEGATIONS or word.endswith("n't")) and any(-2 <= place - i <= reach for place in at)
        for i, word in enumerate(sequence)
    )


def direction(text: str, wanted: Iterable[str] | None = None, reach: int = 6) -> int:
    """Upward less downward words of `text`, only those within `reach` words of a stem of `wanted` when given."""
    sequence = [match.group().lower() for match in WORD.finditer(text)]
    keys = None if wanted is None else set(wanted)
    at = [i for i, word in enumerate(sequence) if keys is None or stem(word) in keys]
    total = 0
    for i, word in enumerate(sequence):
        if keys is None or any(abs(place - i) <= reach for place in at):
            total += (word in UP) - (word in DOWN)
    return total


def opposed_words(claim: str, text: str) -> int:
    """Words of the claim that the text lacks while it holds an opposite of them."""
    mine, theirs = ({match.group().lower() for match in WORD.finditer(t)} for t in (claim, text))
    return sum(1 for word in mine - theirs if OPPOSITES.get(word, frozenset()) & theirs)


def shared(claim: str, text: str) -> set[str]:
    """Stems of content that both hold."""
    return set(stems(claim)) & set(stems(text))
