"""What an answer cost: tokens, seconds, and an estimate of its energy. The power drawn is the site's own figure."""

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
