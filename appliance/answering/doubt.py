"""Evidence that may be beside the point: what may be said on it, and when it is no answer after all.

Between the settings `abstain_below` and `sure_above` the model decides: if it finds nothing to say that the evidence
bears out, the question is not answered. Without a model the middle of that band does.
"""

from appliance.answering.verification import Verification


def may_say(verdict: Verification, probability: float, sure_above: float) -> bool:
    """Whether a composed sentence may be shown: supported, and on doubtful evidence about nothing but what it names."""
    return verdict.supported and (probability >= sure_above or not verdict.unborne)


def is_doubtful(probability: float, said: int | None, abstain_below: float, sure_above: float) -> bool:
    """Whether evidence with this probability is no answer, `said` sentences having been shown; None: no model."""
    if said is None:
        return probability < (abstain_below + sure_above) / 2
    return probability < sure_above and not said
