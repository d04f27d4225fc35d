"""Any OpenAI-compatible endpoint on the premises (vLLM, llama-server, Ollama, TGI), by streamed chat completions.

The address is resolved once and must lie in the declared networks; the connection goes to that very address, so
a name cannot point elsewhere later. No proxies, no redirects. What comes back is untrusted: bounded in bytes,
line length and time, and parsed strictly. Server-sent events after the HTML standard, section 9.2.
"""

import contextlib
import ipaddress
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httpx

from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.answering.engines.reasoning import without_reasoning
from appliance.errors import ApplianceError, Unavailable, UsageError

MAX_BYTES = 4 * 1024 * 1024
MAX_LINE_BYTES = 256 * 1024
_POLL_SECONDS = 0.05
LOOPBACK = ("127.0.0.0/8", "::1/128")
_ADVICE = "Check that it runs and speaks the OpenAI protocol (settings endpoint_url, endpoint_model)"


class OpenAICompatibleEngine:
    """A model behind `url` (with or without `/v1`). `timeout` is seconds to connect, between bytes, and ten
    times that in all."""

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        timeout: float = 10.0,
        *,
        networks: Sequence[str] = LOOPBACK,
        context_tokens: int = 4096,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise UsageError("endpoint_url is no http or https address", "Give it as http://127.0.0.1:8000/v1")
        self.info = EngineInfo(model, f"endpoint:{model}", context_tokens)
        self._host, self._scheme = parts.hostname, parts.scheme
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        path = parts.path.rstrip("/")
        self._path = (path if path.endswith("/v1") else path + "/v1") + "/chat/completions"
        self._key, self._timeout = key, timeout
        self._networks = [ipaddress.ip_network(network) for network in networks]
        self._client = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False)

    def __repr__(self) -> str:
        return f"OpenAICompatibleEngine({self.info.name!r})"

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float = 0.0, cancel: Event | None = None
    ) -> Iterator[Piece]:
        """See the port. Raises Unavailable when the endpoint is down, slow, endless, or answers anything else."""
        body = {
            "model": self.info.name,
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return without_reasoning(_in_background(lambda stop: self._exchange(body, stop), cancel or Event()))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _address(self) -> str:
        for address in self._addresses():
            if any(ipaddress.ip_address(address) in network for network in self._networks):
                return address
        raise UsageError("the model endpoint lies outside the declared networks", "See the setting allowed_networks")

    def _addresses(self) -> list[str]:
        """The host itself when it is an address, else what its name resolves to now."""
        try:
            return [str(ipaddress.ip_address(self._host))]
        except ValueError:
            pass
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unavailable("the model endpoint's name is unknown", _ADVICE) from error
        return [str(entry[4][0]).split("%")[0] for entry in found]

    def _exchange(self, body: dict[str, Any], cancel: Event) -> Iterator[Piece]:
        address = self._address()
        host = f"[{address}]" if ":" in address else address
        headers = {"Host": f"{self._host}:{self._port}", "Accept": "text/event-stream"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            with self._client.stream(
                "POST",
                f"{self._scheme}://{host}:{self._port}{self._path}",
                json=body,
                headers=headers,
                extensions={"sni_hostname": self._host, "timeout": httpx.Timeout(self._timeout).as_dict()},
            ) as response:
                if response.status_code != 200:
                    raise Unavailable(f"the model endpoint answered with status {response.status_code}", _ADVICE)
                if "text/event-stream" not in response.headers.get("content-type", ""):
                    raise Unavailable("the model endpoint answered something that is no event stream", _ADVICE)
                yield from _pieces(
                    _events(response.iter_bytes(), time.monotonic() + 10 * self._timeout, cancel), cancel
                )
        except httpx.TimeoutException as error:
            raise Unavailable("the model endpoint is too slow", _ADVICE) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable("the model endpoint cannot be reached or broke off", _ADVICE) from error


class _Stop(Event):
    """Set when the reader's own event is, or by itself."""

    def __init__(self, cancel: Event) -> None:
        super().__init__()
        self._cancel = cancel

    def is_set(self) -> bool:
        return super().is_set() or self._cancel.is_set()


def _in_background(exchange: Callable[[Event], Iterator[Piece]], cancel: Event) -> Iterator[Piece]:
    """The pieces of an exchange that runs in a thread of its own: a reader who leaves is let go within 50 ms,
    whatever the endpoint does, and the thread ends with its next byte or its time limit."""
    arrived: queue.SimpleQueue[Piece | ApplianceError | None] = queue.SimpleQueue()
    stop = _Stop(cancel)

    def work() -> None:
        try:
            with contextlib.closing(exchange(stop)) as pieces:  # type: ignore[type-var]
                for piece in pieces:
                    arrived.put(piece)
        except ApplianceError as error:
            arrived.put(error)
        finally:
            arrived.put(None)

    threading.Thread(target=work, name="endpoint", daemon=True).start()
    try:
        while not cancel.is_set():
            try:
                news = arrived.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if news is None:
                return
            if isinstance(news, ApplianceError):
                raise news
            yield news
    finally:
        stop.set()


def _events(blocks: Iterable[bytes], deadline: float, cancel: Event) -> Iterator[str]:
    """The `data` of each server-sent event. Raises Unavailable past the limits of bytes, line length and time."""
    total, waiting, data = 0, b"", []
    for block in blocks:
        total += len(block)
        waiting += block
        if total > MAX_BYTES or len(waiting) > MAX_LINE_BYTES + len(block) or time.monotonic() > deadline:
            raise Unavailable("the model endpoint streams without end", _ADVICE)
        *lines, waiting = waiting.replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[5:].strip())
            elif not line and data:
                yield b"\n".join(data).decode("utf-8", "replace")
                data = []
        if cancel.is_set():
            return
    if data:
        yield b"\n".join(data).decode("utf-8", "replace")


def _pieces(events: Iterable[str], cancel: Event) -> Iterator[Piece]:
    finished = False
    for event in events:
        if event == "[DONE]":
            return
        text, usage, ended = _read(event)
        finished = finished or ended
        if text or usage != (0, 0):
            yield Piece(text, *usage)
        if cancel.is_set():
            return
    if not finished and not cancel.is_set():
        raise Unavailable("the model endpoint broke off in the middle of an answer", _ADVICE)


def _read(event: str) -> tuple[str, tuple[int, int], bool]:
    """Text, (prompt, completion) token counts and whether the answer ended, of one chunk."""
    try:
        chunk = json.loads(event)
        if not isinstance(chunk, dict) or "error" in chunk:
            raise ValueError("no chunk")
        choices = chunk.get("choices") or []
        text = "".join((choice.get("delta") or {}).get("content") or "" for choice in choices)
        ended = any(choice.get("finish_reason") for choice in choices)
        usage = chunk.get("usage") or {}
        counts = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Unavailable("the model endpoint answered something that is no chat completion", _ADVICE) from error
    if counts[0] < 0 or counts[1] < 0:
        raise Unavailable("the model endpoint answered something that is no chat completion", _ADVICE)
    return text, counts, ended
