"""The service as a process of its own: `python -m appliance.web`, which `appliance serve` becomes.

Settings come from the home and from APPLIANCE_* variables, `APPLIANCE_HOME` among them.
"""

import json
import sys

from appliance import settings
from appliance.assembly import terminal
from appliance.errors import ApplianceError
from appliance.isolation.process import shut_in


def main(arguments: list[str]) -> int:
    """Serve until stopped; with `--json` the address is told as a JSON object."""
    terminal.prepare()

    def ready(address: str) -> None:
        print(json.dumps({"address": address}) if "--json" in arguments else f"Serving {address}", flush=True)

    try:
        chosen = settings.load()
        shut_in(chosen)  # before libraries start threads, which would keep their freedom
        from appliance.web.server import serve

        serve(chosen, ready)
    except ApplianceError as error:
        return terminal.report(error)
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
