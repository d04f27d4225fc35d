"""The local socket: the command line's way to a running server, which owns the home.

One request a connection: a line of JSON `{"verb", "arguments"}`; the answer is lines of JSON,
`{"event": ...}` any number of times, then `{"result": ...}` or `{"error": ...}`. The socket stands in the
home directory with mode 0600, and the kernel's word on the peer (SO_PEERCRED) is checked: only the user
that runs the server, and root, are answered.
"""

import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance import errors
from appliance.errors import ApplianceError, Refused, UsageError
from appliance.storage.home import SOCKET_NAME

MAX_REQUEST_BYTES = 16 * 1024 * 1024
Answer = Callable[[str, dict[str, Any], int], Iterator[dict[str, Any]]]
"""verb, arguments, user id of the peer -> events, the last of them the result."""


class LocalServer:
    """Answers on the local socket until closed. Requests run in threads of their own."""

    def __init__(self, home: Path, answer: Answer) -> None:
        self._answer = answer
        self._path = home / SOCKET_NAME
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with _short(self._path) as path:
                self._socket.bind(path)
        finally:
            os.umask(before)
        self._socket.listen(64)
        threading.Thread(target=self._accept, name="local-socket", daemon=True).start()

    def close(self) -> None:
        """Stop accepting and remove the socket."""
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="local-request", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rwb") as stream:
                line = stream.readline(MAX_REQUEST_BYTES)
                for message in self._reply(_peer(connection), line) if line else ():
                    stream.write(json.dumps(message).encode() + b"\n")
                    stream.flush()
        except (BrokenPipeError, ConnectionResetError):
            return

    def _reply(self, uid: int, line: bytes) -> Iterator[dict[str, Any]]:
        try:
            if uid not in (0, os.getuid()):
                raise Refused("this socket belongs to another user", "Run the command as the service's user")
            request = _request(line)
            last: dict[str, Any] | None = None
            for event in self._answer(request["verb"], request["arguments"], uid):
                if last is not None:
                    yield {"event": last}
                last = event
            yield {"result": last}
        except ApplianceError as error:
            yield {"error": describe(error)}


def describe(error: ApplianceError) -> dict[str, Any]:
    """An error on the wire: its code, message, advice and exit code."""
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "message": error.message,
        "advice": error.advice,
        "exit_code": error.exit_code,
    }


def is_served(home: Path) -> bool:
    """Whether a server answers on the socket of `home`."""
    try:
        _connect(home).close()
    except (ConnectionRefusedError, FileNotFoundError, NotADirectoryError):
        return False
    return True


def call(home: Path, verb: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Ask the running server; yields events, the last of them the result. Raises what the server raised."""
    connection = _connect(home)
    with connection, connection.makefile("rwb") as stream:
        stream.write(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
        stream.flush()
        for line in stream:
            message = json.loads(line)
            if "error" in message:
                raise _undescribe(message["error"])
            yield message["event"] if "event" in message else message["result"]
            if "result" in message:
                return
        raise errors.Unavailable("the server stopped before it answered", "See its log, start it and try again")


def _request(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise UsageError("the request is not a line of JSON") from error
    if not isinstance(request, dict) or not isinstance(request.get("verb"), str):
        raise UsageError("the request names no verb")
    if not isinstance(request.setdefault("arguments", {}), dict):
        raise UsageError("the request's arguments are not an object")
    return request


def _undescribe(told: dict[str, Any]) -> ApplianceError:
    kind = getattr(errors, told["kind"], ApplianceError)
    error: ApplianceError = kind(told["message"], told["advice"])
    return error


def _peer(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _connect(home: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(home / SOCKET_NAME) as path:
            connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for `path` below the 108 bytes that a Unix socket address holds, however deep the home is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
