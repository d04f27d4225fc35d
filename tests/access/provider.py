"""A real OpenID Connect provider: npm's `oidc-provider` under Node, and a browser's part in signing in there."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from .slapd import free_port

MODULES = Path(sys.prefix) / "share" / "oidc-provider" / "node_modules"
NODE = shutil.which("node")
SCRIPT = Path(__file__).with_name("provider.cjs")
MISSING = "node or npm's oidc-provider is not installed: run `sh deploy/setup.sh --tests`"


def is_here() -> bool:
    """Whether it can be started."""
    return NODE is not None and (MODULES / "oidc-provider").is_dir()


@dataclass
class Provider:
    """A running provider."""

    url: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=30)


def start(redirect: str) -> Provider:
    """Start a provider that knows `redirect` as the appliance's address."""
    port = free_port()
    process = subprocess.Popen(
        [str(NODE), str(SCRIPT), str(MODULES), str(port), redirect], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "ready":
            return Provider(f"http://127.0.0.1:{port}", process)
    raise RuntimeError("the provider did not start")


def sign_in(address: str, login: str) -> dict[str, str]:
    """Do at the provider what a person does in a browser: sign in, consent. Returns the parameters brought back."""
    with httpx.Client(trust_env=False, timeout=20) as browser:
        answer = browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                target = httpx.URL(address).join(answer.headers["Location"])
                if "/interaction" not in target.path and "/auth" not in target.path:
                    return dict(target.params)
                answer = browser.get(target)
                continue
            action = re.search(r'action="([^"]+)"', answer.text)
            assert action, answer.text[:300]
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            form = {"prompt": prompt[1] if prompt else "login", "login": login, "password": "anything"}
            answer = browser.post(httpx.URL(address).join(action[1]), data=form)
    raise RuntimeError("the provider went round in circles")
