"""The endpoint engine keeps the contract against a real server, and survives servers that misbehave in every way."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.answering.engines.engine import EngineInfo
from appliance.answering.engines.openai_compatible import OpenAICompatibleEngine
from appliance.errors import Unavailable, UsageError
from appliance.weights import open_pack
from tests.answering.engines.engine_contract import MESSAGES, EngineContract, text_of

KEY = "a-token-for-tests"


@pytest.fixture(scope="module")
def endpoint(packs: Path) -> Iterator[str]:
    """llama.cpp's own HTTP server on a loopback port, with a key."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(next(open_pack(packs, "smollm2-135m-instruct").folder.glob("*.gguf")))
    params.n_ctx, params.verbosity, params.api_keys, params.ui = 4096, -1, [KEY], False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


@pytest.fixture(scope="module")
def engine(endpoint: str) -> Iterator[OpenAICompatibleEngine]:
    opened = OpenAICompatibleEngine(endpoint, "smollm2", KEY, 60)
    yield opened
    opened.close()


class TestOpenAICompatible(EngineContract):
    pass


def test_shows_no_key_when_printed(engine: OpenAICompatibleEngine) -> None:
    assert KEY not in repr(engine)


def test_a_wrong_key_is_unavailable_and_not_repeated(endpoint: str) -> None:
    with pytest.raises(Unavailable) as raised:
        list(OpenAICompatibleEngine(endpoint, "smollm2", "wrong-key-55", 10).stream(MESSAGES, max_tokens=2))
    assert "401" in str(raised.value)
    assert "wrong-key-55" not in str(raised.value)


class Rogue:
    """A server on loopback that sends what it is told to, then closes or waits."""

    def __init__(self, *parts: bytes, pause: float = 0.0, endless: bool = False, hold: bool = False) -> None:
        self._parts, self._pause, self._endless, self._hold = parts, pause, endless, hold
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(65536)
            try:
                for part in self._parts:
                    connection.sendall(part)
                    time.sleep(self._pause)
                while self._endless:
                    connection.sendall(self._parts[-1])
                if self._hold:
                    time.sleep(20)
                # Closing with unread bytes would reset the connection and lose what was sent.
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(5)
                while connection.recv(65536):
                    pass
            except OSError:
                return


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
CHUNK = b'data: {"choices":[{"delta":{"content":"The sky "},"finish_reason":null}]}\n\n'


def _raises(server: Rogue, timeout: float = 1.0) -> str:
    engine = OpenAICompatibleEngine(server.url, "m", "", timeout)
    started = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        list(engine.stream(MESSAGES, max_tokens=8))
    assert time.monotonic() - started < 15 * timeout
    assert raised.value.advice
    return str(raised.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>sign in</html>"],
            "no event stream",
        ),
        ([b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"], "302"),
        ([b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"], "500"),
        ([b"\x16\x03\x01 garbage \x00\xff\r\n\r\n"], "broke off"),
        ([HEAD, b"data: <html>\n\n"], "no chat completion"),
        ([HEAD, b"data: [1, 2]\n\n"], "no chat completion"),
        ([HEAD, b'data: {"choices": 7}\n\n'], "no chat completion"),
        ([HEAD, b'data: {"choices":[{"delta":{"content":["a"]}}]}\n\n'], "no chat completion"),
        ([HEAD, b'data: {"error":{"message":"secret text"}}\n\n'], "no chat completion"),
        ([HEAD, b"data: " + b"[" * 100_000 + b"\n\n"], "no chat completion"),
        ([HEAD, CHUNK], "middle of an answer"),
        ([HEAD, b'data: {"choices":[{"del'], "middle of an answer"),
        ([HEAD, b""], "middle of an answer"),
    ],
)
def test_an_endpoint_that_answers_rubbish_is_unavailable(answer: list[bytes], said: str) -> None:
    message = _raises(Rogue(*answer))
    assert said in message
    assert "secret text" not in message


def test_an_endpoint_that_streams_for_ever_is_stopped() -> None:
    assert "without end" in _raises(Rogue(HEAD, CHUNK * 500, endless=True), timeout=5)


def test_an_endless_line_is_stopped() -> None:
    assert "without end" in _raises(Rogue(HEAD, b"a" * 65536, endless=True), timeout=5)


def test_an_endpoint_that_trickles_is_stopped_in_the_end() -> None:
    assert "without end" in _raises(Rogue(HEAD, *[b": \n"] * 100, pause=0.1), timeout=0.3)


def test_a_silent_endpoint_is_too_slow() -> None:
    assert "slow" in _raises(Rogue(HEAD, hold=True), timeout=0.5)


def test_an_endpoint_that_is_down_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable):
        list(OpenAICompatibleEngine(f"http://127.0.0.1:{port}", "m", "", 1).stream(MESSAGES, max_tokens=2))


def test_a_whole_answer_comes_through_in_pieces_split_anywhere() -> None:
    answer = (
        CHUNK
        + b'data: {"choices":[{"delta":{"content":"is bl\xc3\xbce."},"finish_reason":"stop"}]}\r\n\r\ndata: [DONE]\n\n'
    )
    whole = HEAD + answer
    engine = OpenAICompatibleEngine(Rogue(*[whole[i : i + 1] for i in range(len(whole))]).url, "m", "", 5)
    assert text_of(list(engine.stream(MESSAGES, max_tokens=8))) == "The sky is blüe."


def test_reasoning_of_an_endpoint_is_not_shown() -> None:
    parts = [b"<thi", b"nk>secret plan</th", b"ink>Blue."]
    chunks = [b'data: {"choices":[{"delta":{"content":"%s"},"finish_reason":null}]}\n\n' % part for part in parts]
    engine = OpenAICompatibleEngine(Rogue(HEAD, *chunks, b"data: [DONE]\n\n").url, "m", "", 5)
    assert text_of(list(engine.stream(MESSAGES, max_tokens=8))) == "Blue."


@pytest.mark.parametrize("url", ["http://192.0.2.7:8000/v1", "http://169.254.169.254", "http://[2001:db8::1]:80/"])
def test_an_endpoint_outside_the_declared_networks_is_never_contacted(url: str) -> None:
    with pytest.raises(UsageError, match="allowed_networks"):
        list(OpenAICompatibleEngine(url, "m", "", 1).stream(MESSAGES, max_tokens=2))


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "127.0.0.1:8000", "http://", "http://user:pw@127.0.0.1/", "file:///etc/passwd"]
)
def test_an_address_that_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        OpenAICompatibleEngine(url, "m")


def test_keeps_the_info_it_was_given() -> None:
    assert OpenAICompatibleEngine("http://127.0.0.1:1", "m", context_tokens=99).info == EngineInfo(
        "m", "endpoint:m", 99
    )


@pytest.mark.parametrize(
    "rogue", [{"hold": True}, {"pause": 0.2}], ids=["an endpoint that is silent", "an endpoint that trickles"]
)
def test_a_reader_who_leaves_is_let_go_at_once_whatever_the_endpoint_does(rogue: dict[str, object]) -> None:
    server = Rogue(HEAD, *[b": \n"] * 50, **rogue)  # type: ignore[arg-type]
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    started = time.monotonic()
    assert list(OpenAICompatibleEngine(server.url, "m", "", 8).stream(MESSAGES, max_tokens=8, cancel=cancel)) == []
    assert time.monotonic() - started < 2
