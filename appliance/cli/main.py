"""The command line: `appliance NOUN VERB` or `appliance VERB`. One file a noun beside this one.

`--json` and `--home DIR` may stand anywhere before `--`. Exit codes: 0 done, 1 failed, 2 usage,
3 refused, 4 integrity, 5 a dependency is unavailable.
"""

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

import typer
from typer.exceptions import TyperException

from appliance.cli import audit, documents, evaluation, home, models, people, policy, questions
from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import ApplianceError, UsageError

QUIET_LIBRARIES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "DO_NOT_TRACK": "1",
}
"""Libraries read these when they are imported, which is later: nothing is fetched, counted or drawn."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Private question answering over redacted documents, with proof.",
    epilog="Every command takes --json (one JSON object on standard output) and --home DIR.",
)
for noun in (home, documents, questions, people, audit, models, policy, evaluation):
    noun.register(app)


def main() -> None:
    """Run one command and leave with its exit code."""
    sys.excepthook = report_without_contents
    os.environ.update(QUIET_LIBRARIES)
    os.umask(0o077)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code. Errors are one line each."""
    try:
        rest = take_common_options(arguments) or ["--help"]
        result = app(rest, standalone_mode=False, prog_name="appliance")
        return result if isinstance(result, int) else 0
    except ApplianceError as error:
        return output.fail(error)
    except TyperException as error:
        return explain_usage(error)
    except (typer.Abort, KeyboardInterrupt):
        return output.fail(ApplianceError("stopped"))
    except typer.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        context.close()


def explain_usage(error: TyperException) -> int:
    """Say in one line what is wrong with the words of the call; a noun without a verb gets its help."""
    text = error.format_message()
    if "\n" in text:
        sys.stdout.write(text + "\n")
        return UsageError.exit_code
    where = getattr(getattr(error, "ctx", None), "command_path", "appliance")
    return output.fail(UsageError(text, f"See `{where} --help`"))


def take_common_options(arguments: list[str]) -> list[str]:
    """Apply `--json` and `--home DIR` and return the other arguments. Raises UsageError for `--home` alone."""
    rest: list[str] = []
    waiting = iter(arguments)
    output.json = False
    context.home = None
    for argument in waiting:
        if argument == "--":
            return [*rest, argument, *waiting]
        if argument == "--json":
            output.json = True
        elif argument == "--home" or argument.startswith("--home="):
            value = next(waiting, "") if argument == "--home" else argument.removeprefix("--home=")
            if not value:
                raise UsageError("--home needs a directory", "For example --home /srv/appliance")
            context.home = Path(value)
        else:
            rest.append(argument)
    return rest


def report_without_contents(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report a defect of the program by type and place only: messages may quote a document (I1)."""
    frames = traceback.extract_tb(trace)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    sys.stderr.write(f"appliance: a defect of the program ({kind.__name__} at {place}). Please report it.\n")
    if os.environ.get("APPLIANCE_TRACEBACKS_MAY_QUOTE_DOCUMENTS") == "1":
        traceback.print_exception(kind, error, trace)


if __name__ == "__main__":
    main()
