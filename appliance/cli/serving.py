"""A server in a process of its own, for benchmarks: started, signed in to, its memory read, stopped."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from appliance.cli.context import context
from appliance.errors import ApplianceError

QUESTION_SECONDS = 120.0


@contextmanager
def serving(temporary: Path, log: Path, **settings: str) -> Iterator[tuple[str, subprocess.Popen[str], float]]:
    """The address, the process and its start (of `perf_counter`) of `appliance serve` on the home in use."""
    command = [sys.executable, "-m", "appliance.cli.main", "--json", "--home", str(context.settings().home)]
    environment = {**os.environ, "TMPDIR": str(temporary), "APPLIANCE_INSECURE_PLAIN_KEY_FILE": "1", **settings}
    began = time.perf_counter()
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise ApplianceError("the server did not start", log.read_text()[-500:])
            yield json.loads(line)["address"], process, began
        finally:
            process.terminate()
            process.wait(timeout=30)


def sign_in(address: str, login: str, password: str) -> httpx.Client:
    """A signed-in client, as the page is one."""
    client = httpx.Client(base_url=address, timeout=QUESTION_SECONDS)
    client.post("/api/sign-in", json={"login": login, "password": password}).raise_for_status()
    client.headers["X-CSRF-Token"] = client.get("/api/me").json()["csrf"]
    return client


def proportional_set(process: subprocess.Popen[str]) -> int:
    """Summed PSS, in bytes, of a process and its children."""
    parent = psutil.Process(process.pid)
    return sum(each.memory_full_info().pss for each in [parent, *parent.children(recursive=True)])
