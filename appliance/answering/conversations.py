"""Conversations: what a person asked and was answered, kept for that person alone, sealed.

Only redacted text is kept. Each conversation has a key of its own (`conversation/<id>`); deleting it destroys the
key first. What an answer quotes is noted in the clear by version and label, so that it can be withheld from an
asker who has lost the right to read it, and goes when a source is erased.
"""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from appliance.errors import NotFound
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import conversation, turn, turn_source, version

TITLE_CHARS = 120
NO_SUCH = "no such conversation"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as its owner sees it in the list. `title` is its first question, redacted."""

    id: str
    person: str
    title: str = field(repr=False)
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and how it ended: `told` is what was shown (the journey's result as JSON), redacted.

    `readable` is False when its asker may not read a source any more: then `told` holds the question alone.
    """

    number: int
    created: str
    told: Mapping[str, Any] = field(repr=False)
    sources: tuple[tuple[str, str], ...] = ()
    """(version, label) of what it quotes."""
    readable: bool = True


class Conversations:
    """The conversations of one home. Every method takes the owner; a foreign one is a missing one. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    def begin(self, person: str, title: str) -> str:
        """A new conversation; its id."""
        identifier = secrets.token_hex(16)
        now = _now()
        row = {"id": identifier, "person": person, "title_sealed": self._seal(identifier, title[:TITLE_CHARS].encode()),
               "created": now, "updated": now}  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(insert(conversation).values(row))
        return identifier

    def of(self, person: str) -> list[Conversation]:
        """Everything of one person, what was last used first."""
        query = select(conversation).where(conversation.c.person == person).order_by(conversation.c.updated.desc())
        with self._database.transaction() as connection:
            return [self._conversation(row) for row in connection.execute(query)]

    def get(self, person: str, identifier: str) -> Conversation:
        """One conversation. Raises NotFound, the same for a missing and a foreign one."""
        mine = (conversation.c.id == identifier) & (conversation.c.person == person)
        with self._database.transaction() as connection:
            row = connection.execute(select(conversation).where(mine)).first()
        if row is None:
            raise NotFound(NO_SUCH)
        return self._conversation(row)

    def add(self, person: str, identifier: str, told: Mapping[str, Any], sources: Iterable[tuple[str, str]]) -> None:
        """Keep a turn. Raises NotFound as `get`."""
        self.get(person, identifier)
        sealed = self._seal(identifier, json.dumps(told, ensure_ascii=False).encode())
        now = _now()
        with self._database.transaction() as connection:
            made = connection.execute(insert(turn).values(conversation=identifier, sealed=sealed, created=now))
            number = made.inserted_primary_key[0] if made.inserted_primary_key else 0
            rows = [{"turn": number, "version": one, "label": label} for one, label in sorted(set(sources))]
            if rows:
                connection.execute(insert(turn_source), rows)
            connection.execute(update(conversation).where(conversation.c.id == identifier).values(updated=now))

    def turns(self, person: str, identifier: str, readable: Mapping[str, Collection[str]]) -> list[Turn]:
        """The turns of a conversation, oldest first. Raises NotFound as `get`.

        `readable` gives, for each purpose, the labels that the owner may read now.
        """
        self.get(person, identifier)
        with self._database.transaction() as connection:
            rows = connection.execute(select(turn).where(turn.c.conversation == identifier).order_by(turn.c.id)).all()
            query = select(turn_source.c.turn, turn_source.c.version, version.c.label).join(
                version, version.c.id == turn_source.c.version, isouter=True
            )
            sources = connection.execute(query.where(turn_source.c.turn.in_([row.id for row in rows]))).all()
        return [self._turn(row, [each for each in sources if each.turn == row.id], readable) for row in rows]

    def delete(self, person: str, identifier: str) -> None:
        """Destroy a conversation, key first. Raises NotFound as `get`."""
        self.get(person, identifier)
        self._keys.destroy(_scope(identifier))
        with self._database.transaction() as connection:
            connection.execute(delete(conversation).where(conversation.c.id == identifier))

    def forget_versions(self, versions: Collection[str]) -> int:
        """Remove every turn that quotes one of `versions`, whoever asked; how many. For erasure."""
        with self._database.transaction() as connection:
            quoting = select(turn_source.c.turn).where(turn_source.c.version.in_(sorted(versions)))
            return connection.execute(delete(turn).where(turn.c.id.in_(quoting))).rowcount

    def forget_person(self, person: str) -> int:
        """Destroy all conversations of one person; how many."""
        with self._database.transaction() as connection:
            query = select(conversation.c.id).where(conversation.c.person == person)
            ids = list(connection.execute(query).scalars())
        for identifier in ids:
            self.delete(person, identifier)
        return len(ids)

    def _turn(self, row: Row[Any], sources: Sequence[Any], readable: Mapping[str, Collection[str]]) -> Turn:
        told = json.loads(self._keys.unseal(_scope(row.conversation), row.sealed, b"turn"))
        labels = readable.get(told.get("purpose", ""), ())
        may = all(each.label in labels for each in sources)
        pairs = tuple((each.version, each.label) for each in sources if each.label is not None)
        if not may:
            told = {"question": told["question"], "purpose": told["purpose"], "status": "withheld"}
        return Turn(row.id, row.created, told, pairs, may)

    def _conversation(self, row: Row[Any]) -> Conversation:
        title = self._keys.unseal(_scope(row.id), row.title_sealed, b"turn").decode()
        return Conversation(row.id, row.person, title, row.created, row.updated)

    def _seal(self, identifier: str, plain: bytes) -> bytes:
        return self._keys.seal(_scope(identifier), plain, b"turn")


def _scope(identifier: str) -> str:
    return f"conversation/{identifier}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
