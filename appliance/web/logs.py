"""What the service tells its operator: failures by type and place, without their words.

The message of an unexpected exception may quote a document, a name or a password (a database driver puts the
parameters of a statement into it), and a log is written to disk (I1).
"""

import logging
import sys
import threading
import traceback
from types import TracebackType


class WithoutWords(logging.Formatter):
    """Formats a record's exception as its type and the lines of code it passed."""

    def formatException(self, ei: object) -> str:
        """The traceback of `ei`, a `sys.exc_info()`, without messages or values."""
        assert isinstance(ei, tuple)
        return wordless(ei[1])


def prepare() -> None:
    """Warnings and worse to standard error, wordless; what kills a thread too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutWords("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("uvicorn")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    threading.excepthook = _died


def wordless(error: BaseException | None) -> str:
    """An exception and what caused it: types and places, oldest first."""
    told: list[str] = []
    while error is not None:
        told.insert(0, f"{type(error).__name__}\n{_places(error.__traceback__)}")
        error = error.__cause__ or error.__context__
    return "\n".join(told)


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return "\n".join(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)


def _died(hook: threading.ExceptHookArgs) -> None:
    name = hook.thread.name if hook.thread else "?"
    print(f"ERROR thread {name}: {wordless(hook.exc_value)}", file=sys.stderr)
