"""Run as a program by test_silence: parses every file named on the command line with an audit hook that
reports whatever the parser opens, connects or starts after it was warmed. Prints one JSON object."""

import io
import json
import sys
from pathlib import Path

from appliance.parser import main
from appliance.parser.kinds import detect

WATCHED = ("open", "os.", "socket.", "subprocess.", "import", "shutil.", "tempfile.", "ctypes.dlopen", "urllib.")
HARMLESS = ("os.putenv", "os.fspath")


def run(paths: list[str]) -> dict[str, object]:
    """The events seen while each file was parsed, and the last frame's kind for each."""
    files = [(path, Path(path).read_bytes()) for path in paths]
    main.warm()
    main.warm_ocr()
    events: list[str] = []
    watching = False

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event.startswith(WATCHED) and not event.startswith(HARMLESS):
            events.append(f"{event} {arguments[0] if arguments else ''}")

    sys.addaudithook(hook)
    ends: dict[str, str] = {}
    for path, content in files:
        out = io.BytesIO()
        kind = detect(content, path).kind
        watching = True
        main.parse(content, kind or "", out)
        main.render(content, kind or "", None, 72, out)
        watching = False
        ends[Path(path).name] = "ERROR" if b'{"reason"' in out.getvalue() else "END"
    return {"events": sorted(set(events)), "ends": ends}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:])))
