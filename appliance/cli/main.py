"""The command line: `appliance NOUN VERB` or `appliance VERB`. One file a noun beside this one.

`--json` and `--home DIR` may stand anywhere before `--`. Exit codes: 0 done, 1 failed, 2 usage,
3 refused, 4 integrity, 5 a dependency is unavailable.
"""

import os
import sys
from pathlib import Path

import typer
from typer.exceptions import TyperException

from appliance.assembly import terminal
from appliance.cli import (
    access_policy,
    audit,
    bundles,
    costs,
    documents,
    evaluation,
    following,
    home,
    keeping,
    leakrate,
    models,
    people,
    policy,
    questions,
    review,
    supervising,
    tokens,
)
from appliance.cli.context import context
from appliance.cli.output import output
from appliance.errors import ApplianceError, UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Private question answering over redacted documents, with proof.",
    epilog="Every command takes --json (one JSON object on standard output) and --home DIR.",
)
for noun in (
    home, documents, following, questions, people, tokens, keeping, audit, supervising, models, policy, access_policy,
    review, leakrate, evaluation, costs, bundles,
):  # fmt: skip
    noun.register(app)


def main() -> None:
    """Run one command and leave with its exit code."""
    terminal.prepare()
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


if __name__ == "__main__":
    main()
