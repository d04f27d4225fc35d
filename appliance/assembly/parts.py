"""An open appliance: every part, put together from the settings, each replaceable in a test.

Heavy parts (models, index, sandbox) are opened when first used, once, and closed with the rest.
"""

import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from appliance import ask, ingest
from appliance.access import policies
from appliance.access.approvals import Approvals
from appliance.access.clock import Clock
from appliance.access.emergency import Emergencies
from appliance.access.factors import Codes, Tickets
from appliance.access.joining import GroupMap, Joining
from appliance.access.limits import NameUses
from appliance.access.passkeys import Passkeys
from appliance.access.people import People
from appliance.access.places import Places
from appliance.access.rights import Rights
from appliance.access.scim import Provisioning
from appliance.access.scope import Access
from appliance.access.sessions import Sessions
from appliance.access.tokens import Tokens
from appliance.answering.compositions import Compositions, identity_of
from appliance.answering.conversations import Conversations
from appliance.answering.engines.engine import Engine
from appliance.answering.entailment import Entailment
from appliance.answering.queueing import Queue
from appliance.assembly import settings_seen
from appliance.assembly.attempt import Attempt
from appliance.assembly.engines import brought, open_engine
from appliance.assembly.providers import open_directory, open_identity_provider
from appliance.audit.events import ModelInForce, PolicyInForce, ServiceStarted, ServiceStopped, SettingInForce
from appliance.audit.log import AuditLog
from appliance.audit.supervision import Supervision
from appliance.documents.catalog import Catalog
from appliance.documents.followed import FollowedFiles
from appliance.documents.holds import Holds
from appliance.documents.originals import Originals
from appliance.documents.pages import PageImages
from appliance.documents.sandbox import Sandbox
from appliance.documents.work import Work
from appliance.errors import ApplianceError, AuditUnavailable, Refused
from appliance.isolation import egress
from appliance.isolation.process import declared_names
from appliance.redaction.drawing import PageDrawing
from appliance.redaction.inforce import ProfilesInForce
from appliance.redaction.page_readings import PageReadings
from appliance.redaction.policy import Profile
from appliance.redaction.question import QuestionGuard
from appliance.redaction.review import Reviews
from appliance.redaction.vault import Vault
from appliance.redaction.wordings import Wordings
from appliance.redaction.workers import DetectionWorkers
from appliance.search.embedding import Embedder, open_embedder
from appliance.search.hybrid import Retriever
from appliance.search.index import Index
from appliance.search.lexical import Lexicon
from appliance.search.rebuild import rebuild
from appliance.search.reranking import FeatureReranker, Reranker
from appliance.search.store import ChunkStore
from appliance.settings import SHIPPED_POLICIES, Settings
from appliance.storage import home as homes
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.upkeep import ingestion, labelling
from appliance.upkeep.deletion import Holdings

if TYPE_CHECKING:
    from appliance.redaction.detection import Detector

FEW = 3
"""Files for which starting processes takes longer than it saves."""
MASTER_KEY_SOURCES = {"credential": "a systemd credential", "passphrase": "a passphrase file", "plain": "a PLAIN FILE"}


def initialise(settings: Settings) -> dict[str, str]:
    """Create the home: private folders, policies to own, key ring, database, audit log.

    Raises UsageError when it is not empty, Refused when no source of a master key is set. A creation that was
    cut off is completed by running it again on an emptied directory.
    """
    if homes.is_initialised(settings.home):
        homes.check(settings.home)
        return {"home": str(settings.home), "master_key": "unchanged", "status": "exists"}
    egress.install(settings.allowed_networks, declared_names(settings))
    homes.create(settings.home)
    source = "nothing"
    try:
        if not (settings.home / "policies").is_dir():
            shutil.copytree(SHIPPED_POLICIES, settings.home / "policies")
        keys = KeyRing.create(settings)
        source = keys.source
        AuditLog.open(settings, keys).close()
        keys.close()
        Database.create(settings).close()
        homes.seal(settings.home)
    finally:
        if not homes.is_initialised(settings.home):
            _empty(settings.home)
    return {"home": str(settings.home), "master_key": MASTER_KEY_SOURCES[source], "status": "created"}


def _empty(home: Path) -> None:
    for entry in home.iterdir():
        if entry.name != "settings.toml":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _tell_rebuilding(done: int, of: int) -> None:
    """Nothing is answered from an index that lacks documents: whoever waits is told for what."""
    if of:
        sys.stderr.write(f"appliance: the index is being rebuilt from the store: {done} of {of} documents\n")


class Appliance:
    """One open home. Thread-safe."""

    def __init__(
        self, settings: Settings, lock: homes.HomeLock | None, database: Database, keys: KeyRing, log: AuditLog
    ) -> None:
        self.settings = settings
        self.database = database
        self.keys = keys
        self.log = log
        self._lock = lock
        self._opening = threading.RLock()
        self._closers: list[Callable[[], None]] = []
        self._engine_attempt = Attempt()
        self.people = People(database, keys)
        self.clock = Clock()
        self.sessions = Sessions(database, self.people, settings.session_minutes, self.clock)
        self.tokens = Tokens(database, self.people, self.clock)
        self.codes = Codes(database, keys, self.clock)
        self.passkeys = Passkeys(database, settings.public_url)
        self.tickets = Tickets()
        groups = GroupMap(settings.directory_groups)
        self.joining = Joining(database, keys, self.people, groups)
        self.provisioning = Provisioning(database, keys, groups)
        self.places = Places(settings.places)
        self.openid = open_identity_provider(settings, self.clock)
        self.people.elsewhere = open_directory(settings, self.joining)
        self.rights = Rights(database)
        self.approvals = Approvals(database)
        in_force = self.approvals.adopt(policies.read(settings.policies / "access"))
        self.access = Access(database, in_force, self.clock.now)
        self.emergencies = Emergencies(database, keys, log, self.clock.now)
        self.supervision = Supervision(database, keys, log)
        self.catalog = Catalog(database, keys)
        self.originals = Originals(settings.home, keys)
        self.pages = PageImages(settings.home, keys)
        self.drawing = PageDrawing(settings, self.catalog, self.originals, self.pages, lambda: self.sandbox)
        self.readings = PageReadings(database, keys, settings)
        self.vault = Vault(database, keys)
        self.holds = Holds(database, keys)
        self.wordings = Wordings(database, keys)
        self.reviews = Reviews(database, keys)
        self.names = NameUses(database, settings.names_per_hour, settings.reveals_per_hour)
        self.work = Work(database)
        self.followed = FollowedFiles(database, keys)
        self.profiles = ProfilesInForce(database, keys, settings.policies)
        self.store = ChunkStore(database, keys)
        self.conversations = Conversations(database, keys)
        self.compositions = Compositions(database)
        self.lexicon = Lexicon(keys)

    @classmethod
    def open(cls, settings: Settings) -> "Appliance":
        """Open the home of `settings`, become its owner, and record that and what is in force.

        Raises Unavailable when another process owns it, IntegrityFailure when a newer version wrote it or
        the audit log was changed.
        """
        egress.install(settings.allowed_networks, declared_names(settings))
        homes.check(settings.home)
        lock = homes.HomeLock(settings.home)
        try:
            keys = KeyRing.open(settings)
            database = Database.of(settings)
            appliance = cls(settings, lock, database, keys, AuditLog.open(settings, keys))
        except BaseException:
            lock.release()
            raise
        try:
            started = appliance.log.append(ServiceStarted(version=version("appliance")), actor="system")
            appliance.clock.saw(started.time)
            appliance._record_what_is_in_force()
            appliance.work.forget_holders()
            appliance.originals.sweep()
            appliance.pages.sweep()
        except BaseException:
            appliance.close()
            raise
        return appliance

    def _record_what_is_in_force(self) -> None:
        adopted = self.profiles.adopt("system")
        profile = self.profiles.get(self.settings.redaction_profile)
        profiles = {f"redaction/{each.name}": each.digest for each in (*adopted, profile)}
        for name, digest in {"access": self.access.policies.digest, **profiles}.items():
            self.log.append(PolicyInForce(policy=name, digest=digest), actor="system")
        told = hashlib.sha256(self.settings.model_dump_json().encode()).hexdigest()
        alarming = [name for name in type(self.settings).model_fields if name.startswith("insecure_")]
        in_force = [name for name in alarming if getattr(self.settings, name)]
        changed = settings_seen.changed(self.settings, self.keys)
        self.log.append(SettingInForce(digest=told, changed=changed, alarming=in_force), actor="system")

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model, checked by digest."""
        return open_embedder(self.settings)

    @cached_property
    def index(self) -> Index:
        """The vector index, reconciled with the store: derived data is rebuilt, never silently short (I7)."""
        opened = self._open_index()
        self._closers.append(opened.close)
        rebuild(opened, self.store, self.embedder, self.lexicon, self.database, _tell_rebuilding)
        labelling.complete(self.catalog, opened)
        return opened

    def _open_index(self) -> Index:
        if self.settings.index == "server":
            from appliance.search.server import ServerIndex

            return ServerIndex.open(self.settings.qdrant_url, self.embedder.dimensions)
        from appliance.search.edge import EdgeIndex

        return EdgeIndex.open(self.settings.home, self.embedder.dimensions)

    @cached_property
    def detector(self) -> "Detector":
        """The detectors of identifiers."""
        from appliance.redaction.detection import Detector

        s = self.settings
        return Detector.open(s.packs, s.spacy_pack, s.ner_pack, s.threads_in_use, s.detect_seconds)

    @cached_property
    def sandbox(self) -> Sandbox:
        """The warm parent of parsing children."""
        opened = Sandbox(self.settings)
        self._closers.append(opened.close)
        return opened

    @cached_property
    def engine(self) -> Engine | None:
        """The language model, or None where the site composes nothing. What it is, is recorded.

        Raises what keeps it from opening; that is not tried again for half a minute.
        """
        if not self.settings.compose:
            return None
        opened = self._engine_attempt.make(self._open_engine)
        self._closers.append(opened.close)
        return opened

    def _open_engine(self) -> Engine:
        """Open what the settings name, if it may compose (model change control)."""
        opened = open_engine(self.settings)
        identity, before = identity_of(opened.info), self.compositions.in_force()
        if before is not None and before.identity.digest != identity.digest:
            if self.settings.golden is not None:
                opened.close()
                raise Refused(
                    f"{opened.info.name} with the prompt it has now was not measured on your golden questions",
                    f"Run `appliance models use {opened.info.name}`",
                )
            change = self.compositions.record(identity, "", {}, {}, "system")
            self.compositions.put_in_force(change.id, "system", second=False)
        elif before is None:
            first = self.compositions.record(identity, "", {}, {}, "system")
            self.compositions.put_in_force(first.id, "system", second=False)
        replaced = before.identity.model_digest if before and before.identity.digest != identity.digest else ""
        self.log.append(
            ModelInForce(pack=opened.info.name, use="generation", digest=opened.info.digest, replaces=replaced),
            actor="system",
        )
        return opened

    def exchange_engine(self, engine: Engine) -> None:
        """Let another language model compose from the next question on; answers under way end with the old one."""
        self.__dict__["engine"] = engine
        self._closers.append(engine.close)

    @cached_property
    def retriever(self) -> Retriever:
        """Hybrid retrieval over index and store."""
        return Retriever(self.index, self.store, self.embedder, self.database, self.keys, self.settings)

    @cached_property
    def asking(self) -> ask.Rooms:
        """The rooms of a question."""
        return ask.Rooms(
            self.settings,
            self.access,
            QuestionGuard(self.detector, self.vault, self.profile_of),
            self.log,
            self.catalog,
            self.retriever,
            self.reranker,
            self.embed,
            lambda: self.engine,
            self.names,
            Queue(self.settings.compose_at_once),
            self.entailment,
            self.wordings if self.settings.keep_question_wordings else None,
        )

    @cached_property
    def reranker(self) -> Reranker:
        """The site's cross-encoder where it brought one, else the default."""
        pack = brought(self.settings, "reranking", self.settings.reranking_pack)
        if pack is None:
            return FeatureReranker()
        from appliance.search.cross_encoder import CrossEncoderReranker

        made = CrossEncoderReranker.open(pack)
        self.log.append(ModelInForce(pack=pack.name, use="reranking", digest=pack.sha256), actor="system")
        return made

    @cached_property
    def entailment(self) -> Entailment | None:
        """The site's NLI model where it brought one."""
        pack = brought(self.settings, "nli", self.settings.nli_pack)
        if pack is None:
            return None
        made = Entailment.open(pack)
        self.log.append(ModelInForce(pack=pack.name, use="nli", digest=pack.sha256), actor="system")
        return made

    def profile_of(self, collection: str) -> Profile:
        """The redaction profile in force of a collection; of an empty id, that of collections that name none."""
        name = self.catalog.collection(collection).profile if collection else self.settings.redaction_profile
        return self.profiles.get(name)

    @cached_property
    def ingesting(self) -> ingest.Rooms:
        """The rooms of a document."""
        return self._rooms(self.detector)

    def ingesting_many(self, files: int) -> tuple[ingest.Rooms, int]:
        """The rooms for `files` documents at once, and how many threads to take them through: detection in processes
        of its own where that pays."""
        processes = self.settings.ingest_processes or len(os.sched_getaffinity(0))
        if files <= FEW or processes < 2:
            return self.ingesting, 1 if files == 1 else 2
        self.detection.warm()
        return self._rooms(self.detection), processes + ingestion.BESIDE

    @cached_property
    def detection(self) -> DetectionWorkers:
        """Processes that detect identifiers side by side."""
        processes = self.settings.ingest_processes or len(os.sched_getaffinity(0))
        opened = DetectionWorkers(self.settings, processes)
        self._closers.append(opened.close)
        return opened

    def _rooms(self, detector: "Detector | DetectionWorkers") -> ingest.Rooms:
        return ingest.Rooms(
            self.settings, self.log, self.catalog, self.originals, self.pages, self.reviews, self.work, self.sandbox,
            detector, self.vault, self.store, self.index, self.embedder, self.lexicon, self.profiles, self.drawing,
            self.readings,
        )  # fmt: skip

    @cached_property
    def holdings(self) -> Holdings:
        """Everything that holds something of a document, for deleting it."""
        return Holdings(
            self.log, self.database, self.keys, self.catalog, self.originals, self.pages, self.vault, self.store,
            self.index, self.settings.home, self.drawing.draw_left,
        )  # fmt: skip

    def embed(self, texts: list[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Vectors of texts, shape (n, dimensions)."""
        return self.embedder.encode(texts)

    def warm(self) -> None:
        """Open everything that a first question needs, models side by side. Without a language model questions are
        answered by quotations alone: why there is none is said on standard error and by the status page."""

        def model() -> None:
            try:
                _ = self.engine
            except AuditUnavailable:
                raise
            except ApplianceError as error:
                sys.stderr.write(f"appliance: the quotations stand alone: {error}\n")

        parts: tuple[Callable[[], object], ...] = (lambda: self.asking, model)
        with ThreadPoolExecutor(len(parts), thread_name_prefix="warm") as pool:
            for opened in [pool.submit(part) for part in parts]:
                opened.result()

    def close(self) -> None:
        """Close every part and let go of the home. Idempotent."""
        for close in reversed(self._closers):
            close()
        self._closers.clear()
        with suppress(AuditUnavailable):  # what cannot be recorded any more must not keep the home locked
            self.log.append(ServiceStopped(), actor="system")
        self.log.close()
        self.database.close()
        self.keys.close()
        if self._lock is not None:
            self._lock.release()
