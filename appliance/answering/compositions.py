"""What composes answers, under change control: a model, a prompt and the weights of answering, by digest.

    measured -> in_force -> replaced
        \\-> refused

Where a site has golden questions, nothing composes but what was measured on them and then put in force, by a second
person where a setting says so.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from sqlalchemy import Row, insert, select, update

from appliance.answering.engines.engine import EngineInfo
from appliance.errors import NotFound, Refused
from appliance.storage.database import Database
from appliance.storage.tables import composition


@dataclass(frozen=True, slots=True)
class Identity:
    """What composes: the model, and the digests of everything that decides what it writes and what is shown of it."""

    model: str
    model_digest: str
    prompt_digest: str

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it."""
        return hashlib.sha256("\0".join((self.model_digest, self.prompt_digest)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Composition:
    """A change as recorded. `scores_before` are those of what it replaces, on the same golden questions."""

    id: str
    identity: Identity
    golden_digest: str
    scores: dict[str, float]
    scores_before: dict[str, float]
    status: str
    proposed_by: str
    decided_by: str
    created: str


def identity_of(info: EngineInfo) -> Identity:
    """The identity of a model with the prompt and the weights that this program has now."""
    folder = resources.files("appliance.answering")
    hasher = hashlib.sha256(folder.joinpath("prompts", "answer.txt").read_bytes())
    for file in sorted(folder.joinpath("weights").iterdir(), key=lambda each: each.name):
        if file.name.endswith(".json"):
            hasher.update(file.name.encode() + b"\0" + file.read_bytes())
    return Identity(info.name, info.digest, hasher.hexdigest())


class Compositions:
    """The changes of one home. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self) -> Composition | None:
        """What may compose now; None in a home that has not composed yet."""
        query = select(composition).where(composition.c.status == "in_force").order_by(composition.c.decided.desc())
        with self._database.transaction() as connection:
            row = connection.execute(query).first()
        return _composition(row) if row else None

    def all(self) -> list[Composition]:
        """Every change, the newest first."""
        with self._database.transaction() as connection:
            query = select(composition).order_by(composition.c.created.desc())
            return [_composition(row) for row in connection.execute(query)]

    def record(
        self, identity: Identity, golden: str, scores: dict[str, float], before: dict[str, float], by: str
    ) -> Composition:
        """A measured change, not in force yet."""
        made = secrets.token_hex(6)
        row = {
            "id": made, "digest": identity.digest, "model": identity.model,
            "model_digest": identity.model_digest, "prompt_digest": identity.prompt_digest, "golden_digest": golden,
            "scores": scores, "scores_before": before, "status": "measured", "proposed_by": by, "decided_by": "",
            "created": _now(),
        }  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(insert(composition).values(row))
        return self.get(made)

    def get(self, identifier: str) -> Composition:
        """One change. Raises NotFound."""
        with self._database.transaction() as connection:
            row = connection.execute(select(composition).where(composition.c.id == identifier)).first()
        if row is None:
            raise NotFound("no such change", "See `appliance models changes`")
        return _composition(row)

    def put_in_force(self, identifier: str, by: str, *, second: bool) -> Composition:
        """Let a measured change compose, and what was in force before no more.

        Raises Refused when it is not waiting, or, where a `second` person is needed, is approved by its proposer.
        """
        found = self.get(identifier)
        if found.status != "measured":
            raise Refused(
                f"this change is {found.status.replace('_', ' ')}", "Measure it again: `appliance models use`"
            )
        if second and by == found.proposed_by:
            raise Refused("a second person approves a change of model", "Ask another administrator")
        with self._database.exclusive() as connection:
            before = update(composition).where(composition.c.status == "in_force")
            connection.execute(before.values(status="replaced"))
            chosen = update(composition).where(composition.c.id == identifier)
            connection.execute(chosen.values(status="in_force", decided_by=by, decided=_now()))
        return self.get(identifier)


def _composition(row: Row[Any]) -> Composition:
    identity = Identity(row.model, row.model_digest, row.prompt_digest)
    return Composition(
        row.id, identity, row.golden_digest, dict(row.scores), dict(row.scores_before), row.status, row.proposed_by,
        row.decided_by, row.created,
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
