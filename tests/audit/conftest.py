"""A home with a key ring, and logs in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import settings
from appliance.audit.events import QuestionAsked
from appliance.audit.log import AuditLog
from appliance.settings import Settings
from appliance.storage.keys import KeyRing


@pytest.fixture
def configured(home: Path) -> Settings:
    """Settings of a home with a plain key file and a small reserve."""
    return settings.load(home, insecure_plain_key_file=True, audit_reserve_bytes=65536, audit_seconds=5.0)


@pytest.fixture
def keys(configured: Settings) -> Iterator[KeyRing]:
    """The home's key ring."""
    ring = KeyRing.create(configured)
    yield ring
    ring.close()


@pytest.fixture
def open_log(configured: Settings, keys: KeyRing) -> Iterator[Callable[..., AuditLog]]:
    """Opens logs, with settings changed as asked, and closes them in the end."""
    opened: list[AuditLog] = []

    def open_with(**changes: Any) -> AuditLog:
        opened.append(AuditLog.open(configured.model_copy(update=changes), keys))
        return opened[-1]

    yield open_with
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log: Callable[..., AuditLog]) -> AuditLog:
    """A fresh log."""
    return open_log()


def asked(text: str = "what is the dose for [PERSON:k7f2m4qa]?", scope: str = "") -> QuestionAsked:
    """A question, as an event."""
    return QuestionAsked(
        purpose="treatment", policy_digest="p" * 64, scope_digest="s" * 64, question=text, subject_scope=scope
    )
