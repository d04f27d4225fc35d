"""A readable model: logistic regression on named features, its weights in a JSON file that a person can check.

    {"features": {"name": weight, ...}, "intercept": b, "fitted": {...what it was fitted on and how well...}}

Features are used as they come; scaling is folded into the weights when a model is fitted.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from appliance.errors import IntegrityFailure

Features = dict[str, float]


@dataclass(frozen=True)
class Linear:
    """Weights by feature and an intercept. Features without a weight count nothing."""

    weights: dict[str, float]
    intercept: float

    def probability(self, features: Features) -> float:
        """Probability in [0, 1] of the class the model was fitted for."""
        total = self.intercept + sum(weight * features.get(name, 0.0) for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=8)
def load(name: str) -> Linear:
    """The model `name` of this package (`weights/NAME.json`). Raises IntegrityFailure when it is malformed."""
    try:
        content = json.loads(
            resources.files("appliance.answering").joinpath("weights", f"{name}.json").read_text("utf-8")
        )
        weights = {str(key): float(value) for key, value in content["features"].items()}
        return Linear(weights, float(content["intercept"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityFailure(f"the weights {name} are missing or malformed", "Install the appliance again") from error
