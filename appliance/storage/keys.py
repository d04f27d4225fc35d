"""The key ring: named data keys, wrapped by one master key.

Each scope (`collection/<id>`, `version/<id>`, `subject/<id>`, `audit/<record>` ...) has a random 256-bit
data key, stored wrapped with AES-256 key wrap (RFC 3394) in `keys.db`. Destroying a scope's key makes
everything sealed under it unreadable (crypto-shredding). `keys.db` is a database of its own, in rollback
journal mode with secure deletion, so that a destroyed key leaves no copy in a write-ahead log.

The master key comes from, in this order: the systemd credential `appliance-master-key`, a passphrase
file (scrypt, RFC 7914), or, with the alarming setting, a plain file. Cryptography: the `cryptography`
package (OpenSSL); no FIPS certificate is claimed.
"""

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from appliance.errors import IntegrityFailure, NotFound, Refused, Unavailable
from appliance.settings import Settings

CREDENTIAL = "appliance-master-key"
NONCE_BYTES = 12
CACHED_KEYS = 20_000
LOCK_SECONDS = 15.0
"""How long to wait for another process that writes the ring."""
SCRYPT = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}


class KeyRing:
    """An open key ring. Thread-safe. The `CACHED_KEYS` latest keys stay in memory until destroyed or closed."""

    def __init__(self, path: Path, master: bytes, source: str) -> None:
        self.source = source
        self._master = master
        self._cache: dict[str, bytes] = {}
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, LOCK_SECONDS, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA secure_delete=ON")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("PRAGMA journal_mode=TRUNCATE")
        self._database.execute("CREATE TABLE IF NOT EXISTS key (scope TEXT PRIMARY KEY, wrapped BLOB NOT NULL)")
        path.chmod(0o600)
        self._check_master()

    @classmethod
    def create(cls, settings: Settings) -> "KeyRing":
        """Create the ring of a new home. Raises Refused when no source of a master key is set."""
        directory = settings.home / "keys"
        directory.mkdir(mode=0o700, exist_ok=True)
        if _credential() is not None:
            source = {"source": "credential"}
        elif settings.passphrase_file is not None:
            source = {"source": "passphrase", "salt": secrets.token_hex(16)}
        elif settings.insecure_plain_key_file:
            source = {"source": "plain"}
            _write_private(directory / "master.key", secrets.token_bytes(32))
        else:
            raise Refused(
                "no source for the master key is set",
                "Set passphrase_file (APPLIANCE_PASSPHRASE_FILE), pass the systemd credential "
                f"{CREDENTIAL}, or for a demonstration only set APPLIANCE_INSECURE_PLAIN_KEY_FILE=1",
            )
        _write_private(directory / "ring.json", json.dumps(source).encode())
        return cls.open(settings)

    @classmethod
    def open(cls, settings: Settings) -> "KeyRing":
        """Open the ring of `settings.home`. Raises Unavailable when it or its master key is missing,
        IntegrityFailure when the master key is the wrong one."""
        directory = settings.home / "keys"
        try:
            source = json.loads((directory / "ring.json").read_text())
        except FileNotFoundError as error:
            raise Unavailable("the home directory has no key ring", "Run `appliance init`, or restore it") from error
        return cls(directory / "keys.db", _master_key(settings, directory, source), source["source"])

    def key(self, scope: str) -> bytes:
        """The 32-byte key of `scope`, made and stored durably at first use."""
        known = self._cache.get(scope)  # without the lock: no reader waits for a writer's disk
        if known is not None:
            return known
        with self._lock:
            if scope in self._cache:
                return self._cache[scope]
            row = self._database.execute("SELECT wrapped FROM key WHERE scope = ?", (scope,)).fetchone()
            if row is None:
                return self._make(scope)
            return self._unwrap(scope, row[0])

    def ensure(self, scopes: Iterable[str]) -> None:
        """Make the keys of `scopes` that do not exist yet, durably, in one write."""
        with self._lock:
            missing = sorted({scope for scope in scopes if scope not in self._cache})
            if not missing:
                return
            made: dict[str, bytes] = {}
            try:
                self._database.execute("BEGIN IMMEDIATE")
                for scope in missing:
                    fresh = secrets.token_bytes(32)
                    row = (scope, aes_key_wrap(self._master, fresh))
                    if self._database.execute("INSERT OR IGNORE INTO key VALUES (?, ?)", row).rowcount:
                        made[scope] = fresh
                self._database.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise Unavailable(f"the key ring cannot be written ({error})", "Check the disk of the home") from error
            for scope, fresh in made.items():
                self._remember(scope, fresh)

    def existing(self, scope: str) -> bytes:
        """The key of `scope`. Raises NotFound when it was never made or has been destroyed."""
        known = self._cache.get(scope)
        if known is not None:
            return known
        with self._lock:
            if scope in self._cache:
                return self._cache[scope]
            row = self._database.execute("SELECT wrapped FROM key WHERE scope = ?", (scope,)).fetchone()
            if row is None:
                raise NotFound("the key of this data was destroyed, or never existed")
            return self._unwrap(scope, row[0])

    def seal(self, scope: str, plaintext: bytes, context: bytes = b"") -> bytes:
        """AES-256-GCM under the scope's key: nonce, ciphertext, tag. `context` is authenticated too."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.key(scope)).encrypt(nonce, plaintext, scope.encode() + b"\0" + context)

    def unseal(self, scope: str, sealed: bytes, context: bytes = b"") -> bytes:
        """Undo `seal`. Raises IntegrityFailure when key, context or bytes do not match, NotFound when the
        key was destroyed."""
        key = self.existing(scope)
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], scope.encode() + b"\0" + context)
        except (InvalidTag, ValueError) as error:
            raise IntegrityFailure("sealed data does not match its key", "Restore it from a backup") from error

    def mac(self, scope: str, data: bytes) -> bytes:
        """HMAC-SHA-256 (RFC 2104) of `data` under the scope's key: 32 bytes."""
        return hmac.new(self.key(scope), data, hashlib.sha256).digest()

    def destroy(self, scope: str) -> bool:
        """Forget the key of `scope` for good, and with it all that is sealed under it. True if it existed."""
        with self._lock:
            self._cache.pop(scope, None)
            return self._database.execute("DELETE FROM key WHERE scope = ?", (scope,)).rowcount > 0

    def destroy_all(self, scopes: Iterable[str]) -> int:
        """Forget the keys of `scopes` for good, in one write. How many there were."""
        with self._lock:
            wanted = [(scope,) for scope in scopes]
            for (scope,) in wanted:
                self._cache.pop(scope, None)
            try:
                self._database.execute("BEGIN IMMEDIATE")
                gone = self._database.executemany("DELETE FROM key WHERE scope = ?", wanted).rowcount if wanted else 0
                self._database.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise Unavailable(f"the key ring cannot be written ({error})", "Check the disk of the home") from error
            return gone

    def close(self) -> None:
        """Close the file and forget the keys in memory."""
        with self._lock:
            self._cache.clear()
            self._database.close()

    def _make(self, scope: str) -> bytes:
        """A new key, or the one that another process made at the same moment."""
        fresh = secrets.token_bytes(32)
        try:
            row = (scope, aes_key_wrap(self._master, fresh))
            if not self._database.execute("INSERT OR IGNORE INTO key VALUES (?, ?)", row).rowcount:
                return self.existing(scope)
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the key ring cannot be written ({error})", "Check the disk of the home") from error
        self._remember(scope, fresh)
        return fresh

    def _unwrap(self, scope: str, wrapped: bytes) -> bytes:
        try:
            key = aes_key_unwrap(self._master, wrapped)
        except InvalidUnwrap as error:
            raise IntegrityFailure("a key of the ring does not unwrap", "Restore the key ring") from error
        self._remember(scope, key)
        return key

    def _remember(self, scope: str, key: bytes) -> None:
        while len(self._cache) >= CACHED_KEYS:
            del self._cache[next(iter(self._cache))]
        self._cache[scope] = key

    def _check_master(self) -> None:
        row = self._database.execute("SELECT wrapped FROM key WHERE scope = 'check'").fetchone()
        if row is None:
            self._make("check")
            return
        try:
            aes_key_unwrap(self._master, row[0])
        except InvalidUnwrap as error:
            raise IntegrityFailure(
                "the master key does not open this key ring", "Give the passphrase or credential it was made with"
            ) from error


def _credential() -> bytes | None:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    file = Path(directory) / CREDENTIAL if directory else None
    return file.read_bytes() if file and file.is_file() else None


def _master_key(settings: Settings, directory: Path, source: dict[str, str]) -> bytes:
    if source["source"] == "credential":
        credential = _credential()
        if credential is None:
            raise Unavailable(f"the systemd credential {CREDENTIAL} is missing", "Start the service with it")
        return hashlib.sha256(credential).digest()
    if source["source"] == "passphrase":
        if settings.passphrase_file is None:
            raise Unavailable("the passphrase of the key ring is missing", "Set APPLIANCE_PASSPHRASE_FILE")
        try:
            passphrase = settings.passphrase_file.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise Unavailable(f"the passphrase file cannot be read ({error.strerror})", "Check its path") from error
        return hashlib.scrypt(passphrase, salt=bytes.fromhex(source["salt"]), **SCRYPT)
    try:
        return (directory / "master.key").read_bytes()
    except OSError as error:
        raise Unavailable("the plain master key file is missing", "Restore keys/master.key") from error


def _write_private(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
