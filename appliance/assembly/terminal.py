"""What every program of the appliance does to its process: quiet libraries, private files, errors without contents."""

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

from appliance.errors import ApplianceError

QUIET_LIBRARIES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "DO_NOT_TRACK": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Libraries read these when they are imported, which is later: nothing is fetched, counted or drawn, and a thread
that waits for the others of its team sleeps: where more work than cores is at hand, spinning made a question's
vector take six times as long."""


def prepare() -> None:
    """Prepare this process. Files it makes are its user's alone."""
    sys.excepthook = report_without_contents
    os.environ.update(QUIET_LIBRARIES)
    os.umask(0o077)


def report(error: ApplianceError) -> int:
    """Say what went wrong and what to do, in one line on standard error; returns the exit code."""
    sys.stderr.write(f"appliance: {error}\n")
    return error.exit_code


def report_without_contents(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report a defect of the program by type and place only: messages may quote a document (I1)."""
    frames = traceback.extract_tb(trace)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    sys.stderr.write(f"appliance: a defect of the program ({kind.__name__} at {place}). Please report it.\n")
    if os.environ.get("APPLIANCE_TRACEBACKS_MAY_QUOTE_DOCUMENTS") == "1":
        traceback.print_exception(kind, error, trace)
