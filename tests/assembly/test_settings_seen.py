"""The record of the settings in force names those that were changed since the last start."""

from pathlib import Path

from appliance import settings
from appliance.assembly import settings_seen
from appliance.storage.keys import KeyRing


def test_what_was_changed_since_the_last_start_is_named_and_no_value_is_kept(home: Path) -> None:
    first = settings.load(home, insecure_plain_key_file=True, session_minutes=41)
    keys = KeyRing.create(first)
    assert settings_seen.changed(first, keys) == []
    assert settings_seen.changed(first, keys) == []
    second = first.model_copy(update={"session_minutes": 42, "public_url": "https://ask.hospital.test"})
    assert settings_seen.changed(second, keys) == ["public_url", "session_minutes"]
    assert settings_seen.changed(second, keys) == []
    kept = (home / settings_seen.FILE).read_text()
    assert "hospital.test" not in kept
    (home / settings_seen.FILE).write_text("rubbish")
    assert settings_seen.changed(second, keys) == []
    keys.close()
