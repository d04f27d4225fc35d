"""The appliance as a worker has it: the rooms of a document as at home, but log and index are the owner's."""

from functools import cached_property
from typing import cast

from appliance.assembly.parts import Appliance
from appliance.assembly.shared import OwnersIndex, OwnersLog
from appliance.audit.log import AuditLog
from appliance.documents.work import WORKER, Work
from appliance.search.index import Index
from appliance.settings import Settings
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing

LEASE_SECONDS = 20.0


class Beside(Appliance):
    """Uses a home that another process owns, for `ingesting` alone: nothing else of it works here.

    Raises what `Database.of` and `KeyRing.open` raise.
    """

    def __init__(self, settings: Settings) -> None:
        log = cast(AuditLog, OwnersLog(settings.home))  # a document's journey appends, nothing else
        super().__init__(settings, None, Database.of(settings), KeyRing.open(settings), log)
        self.work = Work(self.database, LEASE_SECONDS, WORKER)

    @cached_property
    def index(self) -> Index:
        """The index, at its owner or on a Qdrant server. It is the owner who reconciles it with the store."""
        if self.settings.index == "server":
            return self._open_index()
        return cast(Index, OwnersIndex(self.settings.home))  # a document's journey writes, nothing else

    def close(self) -> None:
        """Close what was opened here."""
        for close in reversed(self._closers):
            close()
        self._closers.clear()
        self.database.close()
        self.keys.close()
