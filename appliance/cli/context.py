"""What every command needs: the settings, and a way to run an operation with or without a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance import settings as settings_file
from appliance.assembly import local
from appliance.settings import Settings
from appliance.storage import home as homes

if TYPE_CHECKING:
    from appliance.assembly.parts import Appliance


class Context:
    """One run of the program. The appliance is opened at most once, and only when no server runs."""

    def __init__(self) -> None:
        self.home: Path | None = None
        self.overrides: dict[str, Any] = {}
        self._appliance: Appliance | None = None

    def settings(self, **overrides: Any) -> Settings:
        """The settings of the home in use."""
        return settings_file.load(self.home, **{**self.overrides, **overrides})

    def run(self, operation: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Run an operation through the server if one owns the home, else in this process.

        Yields its events; the last one is the result.
        """
        settings = self.settings()
        homes.check(settings.home)
        if local.is_served(settings.home):
            return local.call(settings.home, operation, arguments)
        from appliance.assembly.operations import perform

        return perform(self.appliance(settings), operation, arguments)

    def result(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Run an operation to its end and return the result."""
        *_, last = self.run(operation, arguments)
        return last

    def appliance(self, settings: Settings) -> "Appliance":
        """The open appliance of this process."""
        if self._appliance is None:
            from appliance.assembly.parts import Appliance

            self._appliance = Appliance.open(settings)
        return self._appliance

    def close(self) -> None:
        """Close what was opened."""
        if self._appliance is not None:
            self._appliance.close()
            self._appliance = None


context = Context()
