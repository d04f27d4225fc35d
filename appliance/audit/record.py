"""One record: a public part anybody may read, and sealed parts that a destroyed key erases.

A record is one JSON object, and the exact bytes stored are what the tree hashes; they are never written
again from a parsed form. A sealed part is `nonce || AES-256-GCM(scope key, record key || JSON)`, where the
record key is 32 random bytes; beside it stands the commitment HMAC-SHA-256(record key, JSON). So one
record can be shown to somebody (record key and JSON) and checked against the log without handing out a
key of the ring, and after erasure the commitment says nothing about what was there.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from appliance.audit.events import Event
from appliance.errors import IntegrityFailure, NotFound
from appliance.storage.keys import KeyRing

FORMAT = 1
RECORD_KEY_BYTES = 32
MAX_RECORD_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """A decoded record. `sealed` is None when its key was destroyed (a tombstone) or was not asked for."""

    index: int
    id: str
    time: str
    kind: str
    actor: str
    operator: str
    public: dict[str, Any]
    sealed: dict[str, Any] | None = field(repr=False)
    erased: bool
    data: bytes = field(repr=False)
    """The exact bytes that the tree hashes."""
    scopes: frozenset[str] = frozenset()
    """The key scopes that its sealed parts are under."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What shows one sealed part to an outsider: `key` and `data` such that HMAC(key, data) is `commitment`."""

    commitment: str
    key: bytes = field(repr=False)
    data: bytes = field(repr=False)


def encode(event: Event, index: int, record: str, time: str, actor: str, operator: str, keys: KeyRing) -> bytes:
    """The bytes of a new record, its sealed fields encrypted under `event.subject_scope` or its own scope."""
    whole: dict[str, Any] = {
        "v": FORMAT,
        "index": index,
        "id": record,
        "time": time,
        "kind": event.kind(),
        "actor": actor,
        "operator": operator,
        "public": event.public(),
    }
    sealed = event.sealed()
    if sealed:
        scope = event.subject_scope or own_scope(record)
        data = _json(sealed)
        key = secrets.token_bytes(RECORD_KEY_BYTES)
        whole["sealed"] = [
            {
                "scope": scope,
                "commitment": hmac.new(key, data, hashlib.sha256).hexdigest(),
                "payload": base64.b64encode(keys.seal(scope, key + data, record.encode())).decode(),
            }
        ]
    return _json(whole)


def decode(data: bytes, keys: KeyRing | None) -> Record:
    """Read a record; open its sealed parts when `keys` are given and still exist.

    Raises IntegrityFailure when the bytes are no record, or a sealed part does not match its commitment.
    """
    whole = _parse(data)
    sealed: dict[str, Any] | None = {}
    erased = False
    if keys is None:
        sealed = None
    else:
        try:
            for opening in _openings(whole, keys):
                sealed.update(json.loads(opening.data)) if sealed is not None else None
        except NotFound:
            sealed, erased = None, True
    return Record(
        index=whole["index"],
        id=whole["id"],
        time=whole["time"],
        kind=whole["kind"],
        actor=whole["actor"],
        operator=whole["operator"],
        public=whole["public"],
        sealed=sealed,
        erased=erased,
        data=data,
        scopes=frozenset(part["scope"] for part in whole.get("sealed", ())),
    )


def openings(data: bytes, keys: KeyRing) -> list[Opening]:
    """What shows the sealed parts of a record to an outsider. Raises NotFound when they were erased."""
    return _openings(_parse(data), keys)


def own_scope(record: str) -> str:
    """The key scope of a record whose event names none."""
    return f"audit/{record}"


def new_id() -> str:
    """A fresh record id: 96 random bits, 20 base32 characters."""
    return base64.b32encode(secrets.token_bytes(13)).decode().lower()[:20]


def _openings(whole: dict[str, Any], keys: KeyRing) -> list[Opening]:
    opened = []
    for part in whole.get("sealed", ()):
        plain = keys.unseal(part["scope"], base64.b64decode(part["payload"]), whole["id"].encode())
        key, data = plain[:RECORD_KEY_BYTES], plain[RECORD_KEY_BYTES:]
        if not hmac.compare_digest(hmac.new(key, data, hashlib.sha256).hexdigest(), part["commitment"]):
            raise IntegrityFailure(f"record {whole['index']} does not match its commitment", "Verify the log")
        opened.append(Opening(part["commitment"], key, data))
    return opened


def _parse(data: bytes) -> dict[str, Any]:
    try:
        whole = json.loads(data)
        if whole["v"] != FORMAT or not isinstance(whole["index"], int):
            raise ValueError("format")
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityFailure("a record of the audit log cannot be read", "Run `appliance audit verify`") from error
    return dict(whole)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
