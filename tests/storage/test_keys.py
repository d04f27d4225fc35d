"""The key ring: sealed means sealed, destroyed means gone, the wrong master key opens nothing."""

import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from appliance.errors import IntegrityFailure, NotFound, Refused, Unavailable
from appliance.settings import Settings, load
from appliance.storage.keys import KeyRing


@pytest.fixture
def settings(home: Path) -> Settings:
    return load(home, insecure_plain_key_file=True)


@pytest.fixture
def ring(settings: Settings):
    opened = KeyRing.create(settings)
    yield opened
    opened.close()


@hypothesis_settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=500), st.text(max_size=20), st.binary(max_size=20))
def test_what_is_sealed_comes_back(ring: KeyRing, content: bytes, scope: str, context: bytes) -> None:
    scope = scope.encode("utf-8", "ignore").decode()
    assert ring.unseal(scope, ring.seal(scope, content, context), context) == content


def test_another_scope_another_context_or_a_flipped_bit_do_not_open(ring: KeyRing) -> None:
    sealed = ring.seal("a", b"secret", b"row 1")
    ring.key("b")
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for scope, box, context in (
        ("b", sealed, b"row 1"),
        ("a", sealed, b"row 2"),
        ("a", flipped, b"row 1"),
        ("a", b"", b""),
    ):
        with pytest.raises(IntegrityFailure):
            ring.unseal(scope, box, context)


def test_a_destroyed_key_is_gone_also_from_the_file(ring: KeyRing, settings: Settings) -> None:
    import sqlite3

    sealed = ring.seal("subject/1", b"secret")
    file = settings.home / "keys" / "keys.db"
    wrapped = sqlite3.connect(file).execute("SELECT wrapped FROM key WHERE scope = 'subject/1'").fetchone()[0]
    assert wrapped in file.read_bytes()
    assert ring.destroy("subject/1")
    assert not ring.destroy("subject/1")
    with pytest.raises(NotFound):
        ring.unseal("subject/1", sealed)
    assert not any(wrapped in path.read_bytes() for path in file.parent.iterdir())


def test_no_data_key_stands_unwrapped_on_disk(ring: KeyRing, settings: Settings) -> None:
    key = ring.key("collection/1")
    assert not any(key in path.read_bytes() for path in (settings.home / "keys").iterdir())


def test_a_ring_survives_reopening(ring: KeyRing, settings: Settings) -> None:
    sealed = ring.seal("a", b"secret")
    ring.close()
    reopened = KeyRing.open(settings)
    assert reopened.unseal("a", sealed) == b"secret"
    reopened.close()


def test_without_a_source_of_the_master_key_nothing_is_created(home: Path) -> None:
    with pytest.raises(Refused, match="master key"):
        KeyRing.create(load(home))
    assert list((home / "keys").iterdir()) == []


def test_the_wrong_passphrase_is_told_at_once(home: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("one passphrase\n")
    bad.write_text("another passphrase\n")
    KeyRing.create(load(home, passphrase_file=good)).close()
    KeyRing.open(load(home, passphrase_file=good)).close()
    with pytest.raises(IntegrityFailure, match="master key"):
        KeyRing.open(load(home, passphrase_file=bad))
    with pytest.raises(Unavailable, match="passphrase"):
        KeyRing.open(load(home))
    with pytest.raises(Unavailable, match="passphrase file"):
        KeyRing.open(load(home, passphrase_file=tmp_path / "none"))


def test_a_systemd_credential_comes_before_everything(home: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "appliance-master-key").write_bytes(secrets.token_bytes(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    KeyRing.create(load(home)).close()
    assert not (home / "keys" / "master.key").exists()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(Unavailable, match="credential"):
        KeyRing.open(load(home))


def test_key_files_are_private(ring: KeyRing, settings: Settings) -> None:
    for path in (settings.home / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
