"""`appliance doctor`: every area's checks, those of a home only where there is one."""

from typing import Any, Protocol

from appliance.errors import ApplianceError
from appliance.settings import Settings
from appliance.storage import home as homes
from appliance.upkeep import doctor

AREAS = ("egress", "models", "sandbox", "storage", "audit", "all")
OF_A_HOME = ("storage", "audit")


class Runner(Protocol):
    """What runs an operation on the home: the command line's context."""

    def settings(self) -> Settings: ...

    def result(self, operation: str, **arguments: Any) -> dict[str, Any]: ...


def examine(runner: Runner, area: str) -> list[dict[str, Any]]:
    """The checks of one area, or of all: name, whether it passed, and a line of detail."""
    settings = runner.settings()
    areas = [name for name in AREAS[:-1] if area in (name, "all")]
    machine = [name for name in areas if name not in OF_A_HOME]
    found = [
        {"name": check.name, "ok": check.ok, "detail": check.detail}
        for check in (doctor.checks(settings, machine) if machine else [])
    ]
    for name in areas:
        if name in OF_A_HOME and (area == name or homes.is_initialised(settings.home)):
            found += _of_home(runner, name)
    return found


def _of_home(runner: Runner, name: str) -> list[dict[str, Any]]:
    try:
        if name == "audit":
            result = runner.result("audit.verify")
            detail = f"{result['records']} records, root {result['root']}" if result["ok"] else result["first_error"]
            return [{"name": "audit log", "ok": result["ok"], "detail": detail}]
        return list(runner.result("storage.check")["checks"])
    except ApplianceError as error:
        return [{"name": name, "ok": False, "detail": str(error)}]
