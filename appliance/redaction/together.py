"""One profile for a question that is put to several collections, each under a profile of its own.

A type is acted on if any of them acts on it, in the way that lets the question find most: surrogates are looked
up in the collections that use them, and nothing is passed on that one of them would have covered.
"""

import hashlib
from collections.abc import Sequence

from appliance.redaction.policy import Action, Profile, Rule

_FINDS_MOST: tuple[Action, ...] = ("surrogate", "fake", "shift", "last4", "generalise", "mask")


def together(profiles: Sequence[Profile]) -> Profile:
    """The profile that acts where any of `profiles` does, from the lowest of their scores on. At least one."""
    distinct = {profile.digest: profile for profile in profiles}
    if len(distinct) == 1:
        return profiles[0]
    chosen = [distinct[digest] for digest in sorted(distinct)]
    rules = {}
    for type_ in sorted({type_ for profile in chosen for type_ in profile.rules}):
        acting = [rule for profile in chosen if (rule := profile.rule(type_))]
        if acting:
            rules[type_] = _strictest(acting)
    detectors = tuple(sorted({name for profile in chosen for name in profile.detectors}))
    digest = hashlib.sha256("\n".join(profile.digest for profile in chosen).encode()).hexdigest()
    return Profile(
        name="together", title="Several profiles", detectors=detectors, hold_above=0.0, rules=rules, digest=digest
    )


def _strictest(rules: Sequence[Rule]) -> Rule:
    restrictions = {rule.only for rule in rules}
    return Rule(
        action=min((rule.action for rule in rules), key=_FINDS_MOST.index),
        min_score=min(rule.acts_from for rule in rules),
        review=None,
        only=restrictions.pop() if len(restrictions) == 1 else None,
        reason=rules[0].reason,
    )
