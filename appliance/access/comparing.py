"""What a change of access policies means, in people and collections: who gains what, who loses what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from appliance.access.decisions import LabelFacts, Labels, allowed_labels
from appliance.access.grants import Person, Purpose
from appliance.access.policies import RIGHTS, AccessPolicies

NAMED = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One person's change: the collections (by id) of which they gain or lose `right` for `purpose`."""

    login: str
    right: str
    purpose: str
    gains: tuple[str, ...]
    loses: tuple[str, ...]


def differences(
    before: AccessPolicies, after: AccessPolicies, people: Iterable[Person], labels: list[LabelFacts], when: datetime
) -> list[Difference]:
    """Every person's changes, for every right and purpose, as things stand at `when`."""
    older, newer = Labels(before, labels), Labels(after, labels)
    collections = {label.digest: label.collection for label in labels}
    found = []
    for person in people:
        for right in RIGHTS:
            for purpose in Purpose:
                was = {collections[d] for d in allowed_labels(before, person, purpose, right, older, when)}
                now = {collections[d] for d in allowed_labels(after, person, purpose, right, newer, when)}
                if was != now:
                    gains, loses = tuple(sorted(now - was)), tuple(sorted(was - now))
                    found.append(Difference(person.login, right, purpose.value, gains, loses))
    return found


def in_words(found: list[Difference]) -> list[str]:
    """The same in sentences: how many people gain or lose each right on how many collections, and who."""
    told = []
    for verb, side in (("gain", "gains"), ("lose", "loses")):
        for right in RIGHTS:
            mine = [each for each in found if each.right == right and getattr(each, side)]
            people = {each.login for each in mine}
            collections = {name for each in mine for name in getattr(each, side)}
            if people:
                who = f"{len(people)} people {verb}" if len(people) > 1 else f"1 person {verb}s"
                what = f"{len(collections)} collections" if len(collections) > 1 else "1 collection"
                told.append(f"{who} {right} on {what}: {', '.join(sorted(people)[:NAMED])}")
    return told or ["nobody gains or loses anything"]
