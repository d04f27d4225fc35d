"""`appliance doctor`: every area's checks, those of a home only where there is one."""

from typing import Any, Protocol

from appliance.errors import ApplianceError
from appliance.settings import Settings
from appliance.storage import home as homes
from appliance.upkeep import doctor, records

AREAS = ("egress", "models", "sandbox", "database", "storage", "audit", "all")
OF_A_HOME = ("storage", "audit")


class Runner(Protocol):
    """What runs an operation on the home: the command line's context."""

    def settings(self) -> Settings: ...

    def result(self, operation: str, **arguments: Any) -> dict[str, Any]: ...


def examine(runner: Runner, area: str, repair: bool = False) -> list[dict[str, Any]]:
    """The checks of one area, or of all: name, whether it passed, and a line of detail. `repair` makes the parts of
    the storage agree first."""
    settings = runner.settings()
    areas = [name for name in AREAS[:-1] if area in (name, "all")]
    machine = [name for name in areas if name not in OF_A_HOME]
    found = [
        {"name": check.name, "ok": check.ok, "detail": check.detail}
        for check in (doctor.checks(settings, machine, {"database": records.database}) if machine else [])
    ]
    for name in areas:
        if name in OF_A_HOME and (area == name or homes.is_initialised(settings.home)):
            found += _of_home(runner, name, repair)
    return found


def _of_home(runner: Runner, name: str, repair: bool) -> list[dict[str, Any]]:
    try:
        if name == "audit":
            result = runner.result("audit.verify")
            detail = f"{result['records']} records, root {result['root']}" if result["ok"] else result["first_error"]
            return [{"name": "audit log", "ok": result["ok"], "detail": detail}]
        result = runner.result("storage.check", repair=repair)
        mended = [f"{each['count']} {each['name']}" for each in result["repaired"]]
        done = [{"name": "repaired", "ok": True, "detail": ", ".join(mended) or "nothing"}] if repair else []
        return [*result["checks"], *done]
    except ApplianceError as error:
        return [{"name": name, "ok": False, "detail": str(error)}]
