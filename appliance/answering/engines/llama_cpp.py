"""llama.cpp in this process, by `xllamacpp`: GGUF weights, no network port.

The library always opens a listener of its own. It is bound to a Unix socket in a private directory that is
removed at once, and asks for a random key, so nothing outside this process can reach the model or read prompts.
Its log is off: it would hold prompts.
"""

import contextlib
import os
import queue
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.answering.engines.reasoning import without_reasoning
from appliance.errors import IntegrityFailure, Unavailable
from appliance.isolation.priority import give_way

_SILENT = -1
_POLL_SECONDS = 0.05
NICENESS = 10
_ADVICE = "Check the pack with `appliance models verify`, or choose a smaller one with the setting generation_pack"


class LlamaCppEngine:
    """A GGUF model in this process. Thread-safe: requests queue for `parallel` slots, first come, first served."""

    def __init__(self, server: Any, info: EngineInfo) -> None:
        self.info = info
        self._server = server

    @classmethod
    def open(
        cls, pack_path: Path, info: EngineInfo, threads: int, context_tokens: int, *, parallel: int = 1
    ) -> "LlamaCppEngine":
        """Load the one `.gguf` at or in `pack_path` (its digest was checked by `weights`); takes about a second.

        `context_tokens` is the window of each of `parallel` slots. Raises IntegrityFailure when the file is
        no GGUF, Unavailable when llama.cpp cannot load it.
        """
        import xllamacpp

        file = _weights_file(Path(pack_path))
        with tempfile.TemporaryDirectory(prefix="engine-") as folder:
            socket = os.path.join(folder, "engine.sock")
            params = xllamacpp.CommonParams()
            params.model.path = str(file)
            params.n_ctx = context_tokens * parallel
            params.n_parallel = parallel
            params.n_predict = context_tokens
            params.cpuparams.n_threads = threads
            params.cpuparams_batch.n_threads = threads
            params.n_threads_http = 1
            params.warmup = False
            params.cache_ram_mib = 0
            params.n_gpu_layers = 0 if not _has_gpu(xllamacpp) else -1
            params.verbosity = _SILENT
            params.hostnames = [socket]
            params.api_keys = [secrets.token_urlsafe(32)]
            params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
            params.offline = True
            try:
                server = _politely(lambda: xllamacpp.Server(params))
            except (RuntimeError, ValueError, MemoryError) as error:
                raise Unavailable(
                    f"llama.cpp cannot load {file.name}: it is damaged, or of an architecture unknown to it", _ADVICE
                ) from error
            with contextlib.suppress(FileNotFoundError):
                os.unlink(socket)
            # Its destructor waits for ever when its loop has not begun, so a first token is asked for here.
            server.handle_completions({"prompt": ".", "n_predict": 1, "cache_prompt": False})
        return cls(server, info)

    def stream(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float = 0.0, cancel: Event | None = None
    ) -> Iterator[Piece]:
        """See the port. The prompt is evaluated in the background; setting `cancel` returns within 50 ms."""
        if self._server is None:
            raise Unavailable("the language model is closed", "Start the appliance again")
        request = {
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return without_reasoning(_chunks(self._server, request, cancel or Event()))

    def close(self) -> None:
        """Free the model once the requests under way have ended."""
        self._server = None


def _politely(start: Callable[[], Any]) -> Any:
    """What `start` returns, with its threads yielding the processors to those that find quotations.

    On Linux a thread's niceness is its own, and is inherited by the threads that it starts.
    """
    with ThreadPoolExecutor(1, "llama-cpp-start", lambda: give_way(0, NICENESS)) as pool:
        return pool.submit(start).result()


def _chunks(server: Any, request: dict[str, Any], cancel: Event) -> Iterator[Piece]:
    arrived: queue.SimpleQueue[dict[str, Any] | BaseException | None] = queue.SimpleQueue()
    abandoned = Event()

    def receive(chunk: dict[str, Any]) -> bool:
        arrived.put(chunk)
        return abandoned.is_set() or cancel.is_set()

    def work() -> None:
        try:
            server.handle_chat_completions(request, receive)
        except (RuntimeError, ValueError, TypeError) as error:
            arrived.put(error)
        finally:
            arrived.put(None)

    threading.Thread(target=work, name="llama-cpp", daemon=True).start()
    try:
        while not cancel.is_set():
            try:
                chunk = arrived.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if chunk is None:
                return
            if isinstance(chunk, BaseException):
                raise Unavailable("the language model failed", _ADVICE) from chunk
            yield from _pieces(chunk)
    finally:
        abandoned.set()


def _pieces(chunk: dict[str, Any]) -> Iterator[Piece]:
    if "error" in chunk:
        kind = str(chunk["error"].get("type", "unknown"))
        raise Unavailable(f"the language model refused the request ({kind})", "Raise the setting context_tokens")
    text = "".join(choice.get("delta", {}).get("content") or "" for choice in chunk.get("choices", ()))
    usage = chunk.get("usage") or {}
    if text or usage:
        yield Piece(text, int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0)))


def _weights_file(path: Path) -> Path:
    files = [path] if path.is_file() else sorted(path.glob("*.gguf"))
    if not files:
        raise Unavailable(f"no GGUF file in pack {path.name}", "Fetch it with `appliance models fetch`")
    with files[0].open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise IntegrityFailure(f"{files[0].name} is no GGUF file", "Fetch the pack again")
    return files[0]


def _has_gpu(library: Any) -> bool:
    kinds = library.ggml_backend_dev_type
    return any(device.get("type") == kinds.GGML_BACKEND_DEVICE_TYPE_GPU for device in library.get_device_info())
