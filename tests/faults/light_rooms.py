"""The rooms of a question without models: the journey, the access decision, the log and the database are real; the
detector, the search and the language model are deterministic, so that a forked child can be killed at any point."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from appliance import ask as questions
from appliance.access.limits import NameUses
from appliance.access.people import People
from appliance.access.policies import load
from appliance.access.rights import Rights
from appliance.access.scope import Access
from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.audit.log import AuditLog
from appliance.documents.catalog import Catalog
from appliance.redaction.question import GuardedQuestion
from appliance.search.chunk import Chunk, ChunkSpan, Passage
from appliance.settings import SHIPPED_POLICIES, Settings
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import document, version

TEXT = "The infusion of heparin is stopped six hours before surgery. The dose of heparin is 5000 units."
QUESTION = "When is the infusion of heparin stopped before surgery?"


class Guard:
    def guard(self, text: str, domains: Any, **_: Any) -> GuardedQuestion:
        return GuardedQuestion(text, (), (), (), 0)


class Search:
    """Finds one passage for every question."""

    def retrieve(self, text: str, terms: Any, scope: Any, *_: Any, **__: Any) -> list[Passage]:
        chunk = Chunk("c1", 0, TEXT, "Heparin", (), (ChunkSpan(0, len(TEXT), 1, 0, ()),))
        features = {"dense": 0.9, "lexical": 9.0, "fused": 1.0, "rerank": 1.0}
        return [Passage(chunk, "d1", "v1", min(scope.collections), "open", 1.0, features)]

    def counts(self, words: Any, scope: Any) -> dict[str, int]:
        return dict.fromkeys(words, 1)

    def defined(self, phrases: Any, scope: Any, hidden: Any) -> dict[str, Any]:
        return {}


class Reranker:
    def rerank(self, question: str, candidates: list[Passage]) -> list[Passage]:
        return candidates


class Model:
    info = EngineInfo("deterministic", "d" * 64, 4096)

    def stream(self, messages: Any, **_: Any) -> Iterator[Piece]:
        for word in ["The", "infusion", "of", "heparin", "is", "stopped", "six", "hours", "before", "surgery."]:
            yield Piece(f"{word} ")
        yield Piece("", 10, 10)

    def close(self) -> None: ...


def embed(texts: list[str]) -> np.ndarray:
    vectors = [np.frombuffer(hashlib.sha512(text.encode()).digest() * 6, np.uint8)[:384] for text in texts]
    return np.array([v / np.linalg.norm(v) for v in (np.asarray(v, np.float32) for v in vectors)])


@dataclass
class House:
    """Rooms over a home, and somebody who asks."""

    rooms: questions.Rooms
    person: Any
    log: AuditLog
    database: Database
    keys: KeyRing

    def close(self) -> None:
        """End its threads and connections, so that a child can be forked."""
        self.log.close()
        self.database.close()
        self.keys.close()


def prepare(settings: Settings) -> None:
    """Make the home: key ring, database, one collection, one document in it, one reader."""
    keys = KeyRing.create(settings)
    database = Database.open(settings.home)
    people, catalog = People(database, keys), Catalog(database, keys)
    made = catalog.collections.create("ward", "strict")
    people.create("nina", "Nina", "correct horse battery")
    Rights(database).grant("ward", "user:nina", "read")
    catalog.add_label("open", {"collection": made.id})
    blank = {"content_mac": "", "kind": "text", "bytes": 1, "entities": {}, "profile": "strict", "created": "2026"}
    with database.transaction() as connection:
        connection.execute(insert(document).values(id="d1", collection=made.id, name_mac="", created="2026"))
        row = {"id": "v1", "document": "d1", "collection": made.id, "label": "open", "status": "published", **blank}
        connection.execute(insert(version).values(row))
    database.close()
    keys.close()


def opened(settings: Settings) -> House:
    """Open the home that `prepare` made."""
    keys = KeyRing.open(settings)
    database = Database.open(settings.home)
    log = AuditLog.open(settings, keys)
    person = People(database, keys).by_login("nina")
    access = Access(database, load(SHIPPED_POLICIES))
    names = NameUses(database, 100, 100)
    parts: Any = (settings, access, Guard(), log, Catalog(database, keys), Search(), Reranker(), embed, Model, names)
    return House(questions.Rooms(*parts), person, log, database, keys)


def configured(home: Path, **changes: Any) -> Settings:
    """Settings under which the deterministic passage answers."""
    from appliance import settings

    wanted = {"insecure_plain_key_file": True, "audit_reserve_bytes": 0, "abstain_below": 0.0, **changes}
    return settings.load(home, **wanted)
