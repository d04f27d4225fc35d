"""Which redaction profile is in force: the text an officer accepted, kept by content and sealed (invariant I8).

The files in `policies/redaction` are what people read and edit. One that is not, byte for byte, the text that
was accepted last is not used: somebody is editing it, or has tampered with it. `accept` puts it in force.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import delete, insert, select

from appliance.errors import IntegrityFailure, UsageError
from appliance.redaction.policy import NAME, Profile, list_profiles, load_profile, parse_profile
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import redaction_policy

_SCOPE = "policy/redaction"


@dataclass(frozen=True, slots=True)
class State:
    """A profile's file beside what is in force; a digest is empty where there is none, or it does not parse."""

    name: str
    file: str
    in_force: str

    @property
    def word(self) -> str:
        """`in force`, `changed` (the file is another text), `missing` (no file) or `new` (never accepted)."""
        if not self.in_force:
            return "new"
        return "in force" if self.file == self.in_force else "changed" if self.file else "missing"


@lru_cache(maxsize=64)
def _parsed(content: bytes, name: str) -> Profile:
    """Parsed once: a question needs the profile of each of its collections, and reading YAML takes 10 ms."""
    return parse_profile(content, f"{name} as accepted")


class ProfilesInForce:
    """The redaction profiles of one home. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing, policies: Path) -> None:
        self._database = database
        self._keys = keys
        self._policies = policies

    def find(self, name: str) -> Profile | None:
        """The profile in force under this name, as it was accepted; None when none ever was.

        Raises IntegrityFailure when the stored text is not what was accepted.
        """
        at = redaction_policy.c
        newest = select(at.digest, at.content_sealed).where(at.name == name).order_by(at.accepted.desc()).limit(1)
        with self._database.transaction() as connection:
            row = connection.execute(newest).first()
        if row is None:
            return None
        content = self._keys.unseal(_SCOPE, row.content_sealed, name.encode())
        profile = _parsed(content, name)
        if profile.digest != row.digest:
            raise IntegrityFailure(f"the redaction profile {name} is not the one accepted", "Restore a backup")
        return profile

    def get(self, name: str) -> Profile:
        """The profile in force; what questions are guarded by. Raises UsageError when there is none, saying what is
        wrong with its file."""
        found = self.find(name)
        if found is None:
            load_profile(self._policies, name)
            raise UsageError(f"the redaction profile {name} is not in force", f"Use `appliance policy apply {name}`")
        return found

    def checked(self, name: str) -> Profile:
        """The profile in force, whose file still says the same; what documents are redacted under.

        Raises IntegrityFailure when the file was changed or removed since: nothing is redacted under a text
        that nobody accepted, nor under one that an officer believes replaced.
        """
        profile = self.get(name)
        if self._file_digest(name) != profile.digest:
            raise IntegrityFailure(
                f"the file of the redaction profile {name} is not the version in force",
                f"See `appliance policy diff {name}`, then `appliance policy apply {name}`, or restore the file",
            )
        return profile

    def accept(self, name: str, content: bytes, person: str) -> tuple[Profile, str]:
        """Put a text in force. The profile, and the digest of the one it replaces, empty for the first.

        Raises UsageError when it is no profile of that name.
        """
        profile = parse_profile(content, f"{name}.yaml")
        if profile.name != name or not NAME.fullmatch(name):
            raise UsageError(f"{_short(name)}.yaml line 1: its name is another than its file's", "Make them equal")
        before = self.find(name)
        row = {
            "name": name,
            "digest": profile.digest,
            "content_sealed": self._keys.seal(_SCOPE, content, name.encode()),
            "accepted": datetime.now(UTC).isoformat(timespec="microseconds"),
            "accepted_by": person,
        }
        at = redaction_policy.c
        with self._database.exclusive() as connection:
            connection.execute(delete(redaction_policy).where(at.name == name, at.digest == profile.digest))
            connection.execute(insert(redaction_policy).values(row))
        return profile, before.digest if before else ""

    def adopt(self, person: str) -> list[Profile]:
        """Accept every file that parses and whose name nothing is in force under: at the first start of a home,
        and for profiles that a site adds. One that is wrong stays out until it is corrected."""
        adopted = []
        for name in list_profiles(self._policies):
            if self.find(name) is None:
                try:
                    content = self.content(name)
                    adopted.append(self.accept(name, content, person)[0])
                except UsageError:
                    continue
        return adopted

    def content(self, name: str) -> bytes:
        """The bytes of a profile's file, which parses. Raises UsageError."""
        load_profile(self._policies, name)
        return self._path(name).read_bytes()

    def install(self, name: str, content: bytes) -> None:
        """Write a profile's file, so that it says what is to be accepted."""
        if parse_profile(content, f"{_short(name)}.yaml").name != name or not NAME.fullmatch(name):
            raise UsageError("a profile's file is called as the profile, in a-z, 0-9 and -", "Rename it inside")
        path = self._path(name)
        partial = path.with_name(f".{path.name}.part")
        partial.write_bytes(content)
        partial.replace(path)

    def states(self) -> list[State]:
        """Every profile that has a file or is in force, by name."""
        with self._database.transaction() as connection:
            accepted = set(connection.execute(select(redaction_policy.c.name)).scalars())
        names = sorted(accepted | set(list_profiles(self._policies)))
        found = {name: self.find(name) for name in names}
        return [State(name, self._file_digest(name), each.digest if each else "") for name, each in found.items()]

    def _file_digest(self, name: str) -> str:
        try:
            return hashlib.sha256(self._path(name).read_bytes()).hexdigest()
        except OSError:
            return ""

    def _path(self, name: str) -> Path:
        return self._policies / "redaction" / f"{name}.yaml"


def _short(name: str) -> str:
    return name if len(name) <= 64 and name.isprintable() else "NAME"
