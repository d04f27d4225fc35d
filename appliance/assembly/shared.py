"""What has one owner, for the processes beside it: the audit log and the index, through the owner's local socket.

A worker (`worker.py`) asks the process that owns the home to record an event about a document, and to put a version's
points into the index. Points hold no text; what is wrong with a request is refused by the same code as at home.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from appliance.assembly import local
from appliance.assembly.acting import Events
from appliance.assembly.parts import Appliance
from appliance.audit import events
from appliance.audit.events import Event
from appliance.audit.receipt import Receipt
from appliance.errors import Unavailable, UsageError
from appliance.search.index import Point, Vector
from appliance.search.lexical import Sparse

RECORDED: dict[str, type[Event]] = {
    kind.kind(): kind
    for kind in (
        events.DocumentReceived, events.DocumentRedacted, events.DocumentPublished, events.DocumentQuarantined,
        events.DocumentFailed,
    )
}  # fmt: skip
"""What a worker may have recorded."""
POINTS = 1000
"""Points of one request: about 4 MiB."""


class OwnersLog:
    """The audit log, at its owner: a `Recorder`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def append(self, event: Event, *, actor: str, operator: str = "") -> Receipt:
        """See `AuditLog.append`. Raises Unavailable when the owner does not answer."""
        return Receipt(**_asked(self._home, "worker.record", kind=event.kind(), values=asdict(event), actor=actor))


class OwnersIndex:
    """The vector index, at its owner: an `IndexWriter`. Every method raises Unavailable when it does not answer."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def put(self, version: str, label: str, collection: str, points: Iterable[Point]) -> None:
        """See `IndexWriter`."""
        for some in _batches(points):
            told = [[p.id, _packed(p.dense), list(p.sparse.indices), list(p.sparse.values)] for p in some]
            _asked(self._home, "worker.put", version=version, label=label, collection=collection, points=told)

    def delete(self, version: str) -> None:
        """See `IndexWriter`."""
        _asked(self._home, "worker.delete", version=version)

    def relabel(self, version: str, label: str) -> None:
        """See `IndexWriter`."""
        _asked(self._home, "worker.relabel", version=version, label=label)

    def vectors(self, version: str) -> dict[str, Vector]:
        """See `IndexWriter`."""
        return {each: _unpacked(text) for each, text in _asked(self._home, "worker.vectors", version=version).items()}

    def flush(self) -> None:
        """See `IndexWriter`."""
        _asked(self._home, "worker.flush")


def record(appliance: Appliance, operator: str, kind: str, values: dict[str, Any], actor: str) -> Events:
    """An event about a document into the log; the record names the worker's user as its operator."""
    event = RECORDED.get(kind)
    if event is None or not values.keys() <= {field.name for field in fields(event)}:
        raise UsageError("a worker records what became of a document, nothing else")
    yield asdict(appliance.log.append(event(**values), actor=actor, operator=operator))


def put(
    appliance: Appliance, operator: str, version: str, label: str, collection: str, points: list[list[Any]]
) -> Events:
    """Points of a version that is being worked on into the index."""
    made = [Point(p[0], _unpacked(p[1]), Sparse(tuple(p[2]), tuple(p[3]))) for p in points]
    appliance.index.put(appliance.catalog.version(version).id, label, collection, made)
    yield {"points": len(made)}


def delete(appliance: Appliance, operator: str, version: str) -> Events:
    """A version's points out of the index."""
    appliance.index.delete(version)
    yield {}


def relabel(appliance: Appliance, operator: str, version: str, label: str) -> Events:
    """Another label for a version's points."""
    appliance.index.relabel(version, label)
    yield {}


def vectors(appliance: Appliance, operator: str, version: str) -> Events:
    """The vectors of a version, by chunk."""
    yield {each: _packed(vector) for each, vector in appliance.index.vectors(version).items()}


def flush(appliance: Appliance, operator: str) -> Events:
    """The index is on disk when this has answered."""
    appliance.index.flush()
    yield {}


def _asked(home: Path, operation: str, **arguments: Any) -> dict[str, Any]:
    try:
        *_, last = local.call(home, operation, arguments)
    except OSError as error:
        raise Unavailable("the appliance of this worker does not answer", "Start `appliance serve`") from error
    return last


def _batches(points: Iterable[Point]) -> Iterator[list[Point]]:
    rest = list(points)
    for start in range(0, len(rest), POINTS):
        yield rest[start : start + POINTS]


def _packed(vector: Vector) -> str:
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def _unpacked(text: str) -> Vector:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)


OPERATIONS: dict[str, Callable[..., Events]] = {
    "worker.record": record,
    "worker.put": put,
    "worker.delete": delete,
    "worker.relabel": relabel,
    "worker.vectors": vectors,
    "worker.flush": flush,
}
