"""The reviewer's desk by name, for the command line and the page: JSON in, JSON out.

What it shows of a document is unredacted. It goes to the screen of the person who asked and is kept nowhere.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from appliance.access.grants import Person, ReviewGrant
from appliance.assembly.acting import Events, reviewer
from appliance.assembly.parts import Appliance
from appliance.ingest import Outcome
from appliance.upkeep import reviewing


def waiting(appliance: Appliance, grant: ReviewGrant) -> dict[str, Any]:
    """What waits for a reviewer, and how many documents of the collection are on an older text of its profile."""
    titles = {each.id: each for each in appliance.catalog.collections.all() if each.id in grant.collections}
    older = {}
    for each in titles.values():
        in_force = appliance.profiles.find(each.profile)
        older[each.id] = len(appliance.catalog.outdated(each.id, in_force.digest)) if in_force else 0
    return {
        "collections": [
            {"id": each.id, "title": each.title, "profile": each.profile, "outdated": older[each.id]}
            for each in titles.values()
        ],
        "documents": [
            {
                "version": each.version.id, "document": each.version.document, "collection": each.version.collection,
                "collection_title": titles[each.version.collection].title, "kind": each.version.kind,
                "reason": each.version.reason, "received": each.version.created, "waiting": each.waiting,
                "original": each.original,
            }
            for each in reviewing.held(appliance.ingesting, grant)
        ],
    }  # fmt: skip


def opened(
    appliance: Appliance, grant: ReviewGrant, who: Person, version: str, page: int = 1
) -> dict[str, Any]:
    """A version on the desk, as `reviewing.Opened` has it."""
    desk = reviewing.open_version(appliance.ingesting, grant, who, version, page)
    return {
        "version": desk.version.id,
        "name": desk.name,
        "kind": desk.version.kind,
        "reason": desk.version.reason,
        "profile": desk.profile.name,
        "types": sorted(desk.profile.acts_on),
        "page": desk.page,
        "pages": desk.pages,
        "items": [asdict(each) for each in desk.items],
        "blocks": [{"block": number, "pieces": [asdict(piece) for piece in pieces]} for number, pieces in desk.blocks],
    }


def decided(
    appliance: Appliance, grant: ReviewGrant, who: Person, version: str, items: list[int], decision: str, type_: str
) -> dict[str, Any]:
    """How many spans still wait, and with none, how the document ended."""
    left, outcome = reviewing.decide(appliance.ingesting, grant, who, version, items, decision, type_)  # type: ignore[arg-type]
    return {"waiting": left, "document": ended(outcome) if outcome else None}


def ended(outcome: Outcome) -> dict[str, Any]:
    """How a document ended that was taken up again."""
    return {"version": outcome.version, "status": outcome.status, "reason": outcome.reason, "chunks": outcome.chunks}


def review_list(appliance: Appliance, operator: str, user: str = "", purpose: str = "operations") -> Events:
    """Documents that wait for a reviewer."""
    yield waiting(appliance, reviewer(appliance, operator, user, purpose)[0])


def review_show(
    appliance: Appliance, operator: str, version: str, user: str = "", purpose: str = "operations", page: int = 1
) -> Events:
    """The unsure spans of a document in their context."""
    grant, who = reviewer(appliance, operator, user, purpose)
    yield opened(appliance, grant, who, version, page)


def review_decide(
    appliance: Appliance, operator: str, version: str, items: list[int], decision: str, type: str = "",
    user: str = "", purpose: str = "operations",
) -> Events:  # fmt: skip
    """A decision on spans."""
    grant, who = reviewer(appliance, operator, user, purpose)
    yield decided(appliance, grant, who, version, items, decision, type)


def review_add(
    appliance: Appliance, operator: str, version: str, block: int, start: int, end: int, type: str, user: str = "",
    purpose: str = "operations",
) -> Events:  # fmt: skip
    """A span that detection missed."""
    grant, who = reviewer(appliance, operator, user, purpose)
    yield {"id": reviewing.add(appliance.ingesting, grant, who, version, block, start, end, type)}


def review_retry(
    appliance: Appliance, operator: str, version: str, user: str = "", purpose: str = "operations"
) -> Events:
    """A document sent on its way again."""
    grant, who = reviewer(appliance, operator, user, purpose)
    yield ended(reviewing.retry(appliance.ingesting, grant, who, version))


OPERATIONS: dict[str, Callable[..., Events]] = {
    "review.list": review_list,
    "review.show": review_show,
    "review.decide": review_decide,
    "review.add": review_add,
    "review.retry": review_retry,
}
