"""Which settings differ from those of the last start: the home remembers a keyed digest of each, never a value."""

import json
from contextlib import suppress

from appliance.audit.device import replace_text
from appliance.settings import Settings
from appliance.storage.keys import KeyRing

FILE = "settings-seen.json"
SCOPE = "settings"


def changed(settings: Settings, keys: KeyRing) -> list[str]:
    """Names of the settings whose values are not those of the last start, which are those of now from here on. At a
    home's first start, and where the file is lost, there are none."""
    values = json.loads(settings.model_dump_json())
    now = {name: keys.mac(SCOPE, json.dumps([name, value]).encode()).hex() for name, value in values.items()}
    file, before = settings.home / FILE, dict[str, str]()
    with suppress(OSError, ValueError):
        before = dict(json.loads(file.read_text("utf-8")))
    if before != now:
        replace_text(file, json.dumps(now))
    return sorted(name for name in now if before and before.get(name) != now[name])
