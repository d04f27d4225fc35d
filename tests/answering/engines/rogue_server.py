"""A model endpoint that misbehaves, as a process of its own: the first part of the path says how.

Prints its port, then serves until it is ended. It writes on and on where the path says so.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STREAM = "text/event-stream"


def piece(text: str, finish: str | None = None) -> bytes:
    """A chunk of a streamed completion."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


class Rogue(BaseHTTPRequestHandler):
    """Answers as its path says."""

    def do_POST(self) -> None:
        """One request."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        mode = self.path.strip("/").split("/")[0]
        try:
            getattr(self, mode)()
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""

    def begin(self, status: int = 200, kind: str = STREAM) -> None:
        """Status and headers."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def html(self) -> None:
        """A sign-in page where a stream should be."""
        self.begin(kind="text/html")
        self.wfile.write(b"<html><script>alert(1)</script>Sign in</html>")

    def rubbish(self) -> None:
        """Bytes that are no JSON."""
        self.begin()
        self.wfile.write(b"data: \xff\xfe{{{{\n\n" * 20)

    def error(self) -> None:
        """It says that it failed."""
        self.begin(500, "application/json")
        self.wfile.write(b'{"error": "out of memory"}')

    def half(self) -> None:
        """Breaks off in the middle of a sentence."""
        self.begin()
        self.wfile.write(piece("A unit of red cells must be"))

    def silent(self) -> None:
        """Accepts, and says nothing."""
        self.begin()
        self.wfile.flush()
        time.sleep(30)

    def slow(self) -> None:
        """A word now and then, for ever."""
        self.begin()
        while True:
            self.wfile.write(piece("slowly "))
            self.wfile.flush()
            time.sleep(0.2)

    def endless(self) -> None:
        """Writes as fast as it can, for ever."""
        self.begin()
        while True:
            self.wfile.write(piece("and on ") * 100)

    def invents(self) -> None:
        """Answers what no document says, with a link and HTML."""
        self.begin()
        self.wfile.write(piece("A unit must be finished within 99 hours, see <a href='http://evil.example'>here</a>."))
        self.wfile.write(piece("", "stop") + b"data: [DONE]\n\n")

    def thinks(self) -> None:
        """Thinks aloud before it answers."""
        self.begin()
        for text in ("<thi", "nk>The user is a secret", " plan.</th", "ink>", "A unit of red cells must be finished "):
            self.wfile.write(piece(text))
        self.wfile.write(piece("within 4 hours.", "stop") + b"data: [DONE]\n\n")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rogue)
    print(server.server_port, flush=True)
    sys.stdout.close()
    server.serve_forever()
