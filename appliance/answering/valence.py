"""Whether a text bears a claim out or turns it round: signs of words, and features of how the signs differ. English.

A claim and what contradicts it name the same things and differ in the words that relate them. So every word is
`u` (more, for), `d` (less, against), `n` (not) or `z` (no difference), or a thing; signs multiply, as in "loss of X
prevents Y": what both hold cancels, and an odd number of turning words on one side only turns the claim.
The relation is looked at near the things that both name, within `REACH` words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from appliance.answering.features import rarity_of
from appliance.answering.words import STOP, WORD, stem

REACH = 7
NEAR = 4
"""Words on either side of a thing within which a sign is its own."""
WEIGHTS = (0.5, 0.3, 0.2)
"""How much the three best texts count."""
LOOKED_AT = 6
"""Texts, best first, among which the most agreeing and the most opposing are sought."""

_NOT = """no not none never neither nor without cannot unable lack lacking absence absent fail failure failed nothing
hardly rarely rare"""
_LESS = """decrease reduce reduction diminish lower low less fewer fall fell drop decline suppress suppression inhibit
inhibition inhibitor inhibitory block blockade blocker antagonist antagonize antagonise impair impairment prevent
prevention protect protection protective attenuate attenuation abolish ablate ablation abrogate loss lose lost
deficiency deficient deplete depletion delete deletion knockout knockdown null silence silencing disrupt disruption
downregulate downregulation deactivate inactivate inactivation repress repression weaken weak weaker worse shorter
short smaller small slow slower delay eliminate remove removal restrict limit limited minimize lessen counteract hinder
impede interfere avoid refuse reject deny exclude ban prohibit forbid stop cease terminate withdraw avert mitigate
ameliorate alleviate relieve negative negatively insensitive resistant resistance refractory insufficient ineffective
harmful negligible minimal poor poorly young younger dampen quench blunt destabilize degrade degradation shrink narrow
dispensable unnecessary unlikely incapable inaccurate unaffected unrelated impossible underestimate scarce trivial
inverse inversely disfavor discourage milder mild reverse shortage deprive deprived destroy kill taper wane curtail
withhold omit discontinue interrupt infrequent retard decelerate oppose undermine neutralize counter curb halt
suppressor least below deteriorate close closed expire revoke suspend cancel"""
_MORE = """increase higher high more greater great rise raise elevate elevation enhance enhancement promote improve
improvement upregulate upregulation activate activation activator accelerate gain stimulate stimulation induce
induction longer long larger large strong strongly stronger better exceed positive positively expand expansion fast
faster overexpression overexpress benefit beneficial older cause trigger drive facilitate support contribute lead
enable allow permit require necessary essential crucial critical encourage exacerbate aggravate overestimate abundant
abundance hypersensitive prolong prolonged extend extension intensify strengthen advance favor favour bolster heighten
multiply surge soar climb double triple widen frequent common augment boost amplify potentiate restore rescue agonist
effective efficient efficacious produce generate form most above extensive substantial sensitize sensitive
susceptibility susceptible vulnerable help success successful accurate superior indispensable favorable confer mediate
stabilize sustain maintain retain preserve approve accept include open start renew"""
_SAME = """unchanged unaffected independent irrespective unrelated similar equal equivalent comparable same neither
insignificant"""

_AIM = re.compile(
    r"^\W*(?:objectives?|aims?|purpose|background|introduction|context|design|setting|methods?|importance|"
    r"participants|interventions?|main outcome)\b|\b(?:aim|objective|purpose|goal)s? (?:of|was|is|were)|\bto (?:"
    r"determine|evaluate|assess|investigate|examine|test|explore|compare|identify) (?:whether|the|if)|\b(?:little is "
    r"known|remains? (?:unclear|unknown|to be)|is (?:unclear|unknown|uncertain))|\?$",
    re.IGNORECASE,
)
_FINDING = re.compile(
    r"^\W*(?:conclusions?|results?|findings?|interpretation)\b|\b(?:we (?:found|find|show|showed|demonstrate|report|"
    r"conclude|identified|observed|discovered)|(?:these|our|the) (?:results|findings|data|study|studies)|suggest|"
    r"indicat|demonstrat|reveal|in conclusion|here we)",
    re.IGNORECASE,
)


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in text.split())


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, str]:
    found: dict[str, str] = {}
    for sign, listed in (("u", _MORE), ("d", _LESS), ("n", _NOT), ("z", _SAME)):
        found.update(dict.fromkeys(_stems(listed), sign))
    return found


@dataclass(frozen=True, slots=True)
class Word:
    """A word's stem and its sign, `""` for none; `thing` when it is of content and has no sign."""

    stem: str
    sign: str
    thing: bool

    @property
    def turns(self) -> bool:
        """Whether it turns what it stands with."""
        return self.sign in ("n", "d")


@lru_cache(maxsize=4096)
def signed(text: str) -> tuple[Word, ...]:
    """The words of a text with their signs, in order; hyphenated words in their parts."""
    found = []
    for match in WORD.finditer(text.replace("-", " ").replace("–", " ")):
        word = match.group().lower()
        root = stem(word)
        sign = "n" if word.endswith("n't") else _lexicon().get(root, "")
        found.append(Word(root, sign, not sign and word not in STOP))
    return tuple(found)


def assertiveness(text: str) -> float:
    """How much a sentence asserts, to be added to its rank: findings more; aims, questions and headings less."""
    return 0.12 * bool(_FINDING.search(text)) - 0.25 * bool(_AIM.search(text)) - 0.1 * (text.rstrip()[-1:] != ".")


def turning_features(claim: str, texts: Sequence[str]) -> dict[str, float]:
    """Features of a claim against `texts`, best first, for the probability that they do not contradict it."""
    mine = signed(claim)
    found: dict[str, float] = {"than": float(any(word.stem == "than" for word in mine))}
    for weight, text in zip(WEIGHTS, texts, strict=False):
        for name, value in _leftover(mine, signed(text)).items():
            found[name] = found.get(name, 0.0) + weight * value
    agreement = [_agreement(mine, signed(text)) for text in texts[:LOOKED_AT]]
    for number, (share, agree) in enumerate(agreement[: len(WEIGHTS)]):
        found |= {f"covered_{number}": share, f"agrees_{number}": agree}
    products = [share * agree for share, agree in agreement] or [0.0]
    found["most_agreeing"], found["most_opposing"] = max(0.0, *products), min(0.0, *products)
    said = {word.stem for text in texts[:LOOKED_AT] for word in signed(text)}
    things = [word.stem for word in mine if word.thing]
    found["things_unsaid"] = sum(each not in said for each in things) / max(1, len(things))
    signs = [word for word in mine if word.sign]
    found["signs_said"] = float(sum(word.stem in said for word in signs))
    found["turns_unsaid"] = float(sum(word.stem not in said for word in signs if word.turns))
    found["more_unsaid"] = float(sum(word.stem not in said for word in signs if word.sign == "u"))
    found["same_unsaid"] = float(sum(word.stem not in said for word in signs if word.sign == "z"))
    return found


def reversed_by(claim: str, text: str) -> bool:
    """Whether two texts that name the same things differ in one sign each, more against less."""
    mine, theirs = signed(claim), signed(text)
    said = {word.stem for word in theirs}
    left, right = _alone(mine, theirs)
    signs = sorted(word.sign for word in (*left, *right))
    return all(word.stem in said for word in mine if word.thing) and signs == ["d", "u"] and len(left) == 1


def _alone(mine: Sequence[Word], theirs: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """The signed words that only one side says, on theirs near the things that both name."""
    said = {word.stem for word in theirs}
    shared = {word.stem for word in mine if word.thing and word.stem in said}
    at = [i for i, word in enumerate(theirs) if word.stem in shared]
    near = [word for i, word in enumerate(theirs) if word.sign and any(abs(i - place) <= REACH for place in at)]
    signs = [word for word in mine if word.sign]
    both = {word.stem for word in signs} & {word.stem for word in near}
    return [word for word in signs if word.stem not in both], [word for word in near if word.stem not in both]


def _leftover(mine: Sequence[Word], theirs: Sequence[Word]) -> dict[str, float]:
    """Counts by sign of what only one side says, and whether their parities differ."""
    left, right = _alone(mine, theirs)
    odd, their_odd = (sum(word.turns for word in side) % 2 for side in (left, right))
    found = {"odd": float(odd), "their_odd": float(their_odd), "parity_differs": float(odd != their_odd)}
    for sign in "nduz":
        found[f"claim_{sign}"] = float(sum(word.sign == sign for word in left))
        found[f"text_{sign}"] = float(sum(word.sign == sign for word in right))
    return found


def _agreement(mine: Sequence[Word], theirs: Sequence[Word]) -> tuple[float, float]:
    """Share of the claim's things that a text names; from -1 to 1, whether the signs beside them are the same."""
    weights = {word.stem: rarity_of(word.stem) for word in mine if word.thing}
    said = {word.stem for word in theirs}
    total = agreed = compared = 0.0
    for thing, weight in weights.items():
        if thing not in said:
            continue
        total += weight
        sign = _sign_at(mine, next(i for i, word in enumerate(mine) if word.stem == thing))
        places = [i for i, word in enumerate(theirs) if word.stem == thing]
        for place in places if sign else ():
            other = _sign_at(theirs, place)
            if other:
                agreed += weight * sign * other / len(places)
                compared += weight
    return total / (sum(weights.values()) or 1.0), agreed / compared if compared else 0.0


def _sign_at(sequence: Sequence[Word], place: int) -> int:
    """The product of the signs around a thing, 0 where there is none."""
    window = [word for word in sequence[max(0, place - NEAR) : place + NEAR] if word.sign]
    return (-1) ** sum(word.turns for word in window) if window else 0
