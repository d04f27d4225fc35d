"""What an answer cost, and a month of them: tokens, seconds, and an estimate of the energy.

The power drawn and all prices are the site's own figures (settings).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the model, seconds of wall time, estimated watt-hours (power x time: an estimate, no measurement)."""

    prompt_tokens: int
    completion_tokens: int
    seconds: float
    watt_hours: float

    def as_json(self) -> dict[str, float]:
        """As printed by `appliance ask --json`."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "seconds": round(self.seconds, 3),
            "watt_hours": round(self.watt_hours, 6),
        }


def measure(prompt_tokens: int, completion_tokens: int, seconds: float, watts: float = 65.0) -> Usage:
    """Usage of one answer on a machine drawing `watts` while it works (65 W: a two-core share of a small server)."""
    return Usage(prompt_tokens, completion_tokens, seconds, watts * max(0.0, seconds) / 3600)


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost a site, in its own currency: a kilowatt-hour, and a million tokens at an API, in and out."""

    kilowatt_hour: float
    million_in: float
    million_out: float


@dataclass(frozen=True, slots=True)
class Month:
    """What the answers of a month took, as their records say."""

    answers: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    watt_hours: float

    def compared(self, prices: Prices) -> dict[str, float]:
        """The month's energy on this machine beside the same tokens at an API's prices."""
        energy = self.watt_hours / 1000 * prices.kilowatt_hour
        api = (self.prompt_tokens * prices.million_in + self.completion_tokens * prices.million_out) / 1e6
        return {
            "answers": self.answers,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "seconds": round(self.seconds, 1),
            "kilowatt_hours": round(self.watt_hours / 1000, 4),
            "energy_cost": round(energy, 4),
            "api_cost": round(api, 4),
        }


def month_of(outcomes: Iterable[Mapping[str, float]]) -> Month:
    """The sum of the usages that outcome records hold; an outcome without one took nothing that was measured."""
    rows = [row for row in outcomes if row]

    def total(name: str) -> float:
        return sum(row.get(name, 0) for row in rows)

    return Month(
        len(rows), int(total("prompt_tokens")), int(total("completion_tokens")), total("seconds"), total("watt_hours")
    )
