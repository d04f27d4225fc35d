"""The leak rate of a collection by name: draw a sample, search it, certify. For the command line and the page.

What is shown is redacted text of published documents, to people with the right to review their collection.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from appliance import weights
from appliance.access.grants import Person, ReviewGrant
from appliance.assembly.acting import Events, reviewer
from appliance.assembly.parts import Appliance
from appliance.audit.events import LeakMarked, LeakRateCertified, LeakSampleDrawn
from appliance.errors import NotFound, UsageError
from appliance.evaluation.leakrate import Sample, Samples, certificate
from appliance.redaction.policy import TYPES


def samples(appliance: Appliance) -> Samples:
    """The samples of this home."""
    return Samples(appliance.database, appliance.catalog, appliance.store)


def granted(appliance: Appliance, grant: ReviewGrant, identifier: str) -> Sample:
    """A sample of a collection that the grant covers. NotFound, the same for a foreign and a missing one."""
    missing = NotFound("no such sample")
    try:
        sample = samples(appliance).get(identifier)
    except NotFound:
        raise missing from None
    if sample.collection not in grant.collections:
        raise missing
    return sample


def listed(appliance: Appliance, grant: ReviewGrant) -> dict[str, Any]:
    """The samples of the grant's collections."""
    titles = {each.id: each.title for each in appliance.catalog.collections.all()}
    return {
        "types": list(TYPES),
        "samples": [
            {**asdict(each), "collection_title": titles[each.collection]}
            for each in samples(appliance).of(grant.collections)
        ],
    }


def block(appliance: Appliance, sample: Sample, ordinal: int | None = None) -> dict[str, Any]:
    """A block of a sample, or the next that nobody has searched; `block` is null when all are."""
    found = samples(appliance).block(sample.id, ordinal)
    return {"block": asdict(found) if found else None, "marked": sample.marked, "size": sample.size}


def mark(appliance: Appliance, sample: Sample, who: Person, ordinal: int, missed: list[str]) -> dict[str, Any]:
    """Say what is still readable in a block; recorded first."""
    if unknown := set(missed) - set(TYPES):
        raise UsageError(f"unknown type {min(unknown)[:40]}", f"Use {', '.join(TYPES)}")
    event = LeakMarked(sample=sample.id, item=ordinal, missed=sorted(set(missed)))
    appliance.log.append(event, actor=who.id, operator=who.operator)
    return {**block(appliance, samples(appliance).mark(sample.id, ordinal, missed, who.id))}


def leakrate_sample(appliance: Appliance, operator: str, collection: str, size: int = 300) -> Events:
    """A sample drawn."""
    known = appliance.catalog.collection(collection)
    settings = appliance.settings
    used = (settings.spacy_pack, settings.ner_pack)
    models = {name: weights.digest(weights.pack(name, settings.packs)) for name in used}
    drawn = samples(appliance).draw(known.id, size, models, operator)
    event = LeakSampleDrawn(sample=drawn.id, collection=known.id, size=drawn.size, population=drawn.population)
    appliance.log.append(event, actor=operator)
    yield asdict(drawn)


def leakrate_list(appliance: Appliance, operator: str, user: str = "", purpose: str = "operations") -> Events:
    """The samples that a person may search."""
    yield listed(appliance, reviewer(appliance, operator, user, purpose)[0])


def leakrate_show(
    appliance: Appliance, operator: str, sample: str, block_number: int = 0, user: str = "", purpose: str = "operations"
) -> Events:
    """A block of a sample; without a number the next to search."""
    grant, _ = reviewer(appliance, operator, user, purpose)
    yield block(appliance, granted(appliance, grant, sample), block_number or None)


def leakrate_mark(
    appliance: Appliance, operator: str, sample: str, block_number: int, missed: list[str], user: str = "",
    purpose: str = "operations",
) -> Events:  # fmt: skip
    """A block searched."""
    grant, who = reviewer(appliance, operator, user, purpose)
    yield mark(appliance, granted(appliance, grant, sample), who, block_number, missed)


def leakrate_report(appliance: Appliance, operator: str, sample: str) -> Events:
    """The certificate, signed with the audit log's key, and its figures."""
    known = samples(appliance).get(sample)
    names = {each.id: each.name for each in appliance.catalog.collections.all()}
    figures = {
        **samples(appliance).figures(known.id), "collection_name": names[known.collection],
        "audit_log": {"records": appliance.log.size, "root": appliance.log.root().hex()},
    }  # fmt: skip
    note = certificate(figures, appliance.log.sign_statement)
    digest = hashlib.sha256(note.encode()).hexdigest()
    event = LeakRateCertified(sample=known.id, collection=known.collection, digest=digest)
    appliance.log.append(event, actor=operator)
    yield {**figures, "certificate": note, "sha256": digest, "key": appliance.log.verifier}


OPERATIONS: dict[str, Callable[..., Events]] = {
    "leakrate.sample": leakrate_sample,
    "leakrate.list": leakrate_list,
    "leakrate.show": leakrate_show,
    "leakrate.mark": leakrate_mark,
    "leakrate.report": leakrate_report,
}
