"""What differs between two texts of a redaction profile, rule by rule, and whether it redacts less."""

from dataclasses import dataclass
from typing import Any

from appliance.redaction.policy import Profile, Rule

_SILENT = frozenset({"digest", "rules"})


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs: `was` and `now` in the words of the file, empty where it is not said.

    `weaker` is set when the new text leaves more in documents than the old one.
    """

    key: str
    was: str
    now: str
    weaker: bool = False


def changes(before: Profile | None, after: Profile) -> list[Change]:
    """Every difference, the profile's own keys first. Against None, everything is new."""
    found = []
    for key in Profile.model_fields:
        was, now = (_told(getattr(each, key)) if each else "" for each in (before, after))
        if key not in _SILENT and was != now:
            lost = before is not None and key == "detectors" and bool(set(before.detectors) - set(after.detectors))
            found.append(Change(key, was, now, lost))
    for type_ in sorted(set(before.rules if before else ()) | set(after.rules)):
        found += _of_rule(type_, before.rules.get(type_) if before else None, after.rules.get(type_), bool(before))
    return found


def _of_rule(type_: str, was: Rule | None, now: Rule | None, compared: bool) -> list[Change]:
    if was is None or now is None:
        told = [f"{rule.action}, from {rule.min_score}" if rule else "" for rule in (was, now)]
        if told[0] == told[1]:
            return []
        return [Change(type_, told[0], told[1], compared and was is not None and was.action != "keep")]
    found = []
    for key in Rule.model_fields:
        one, other = getattr(was, key), getattr(now, key)
        if one != other:
            found.append(Change(f"{type_}.{key}", _told(one), _told(other), _weaker(key, one, other)))
    return found


def _weaker(key: str, was: Any, now: Any) -> bool:
    if key == "action":
        return bool(now == "keep")
    if key == "min_score":
        return bool(now > was)
    return key == "only" and now is not None


def _told(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
