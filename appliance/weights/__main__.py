"""`python -m appliance.weights [DIRECTORY]`: what `make setup` runs to fetch the default packs."""

import sys
from pathlib import Path

from appliance import settings, weights
from appliance.errors import ApplianceError

BAR = 24


def show(name: str, done: int, total: int) -> None:
    """Draw one line a pack on a terminal; elsewhere print it when it is complete."""
    full = done >= total
    if sys.stderr.isatty():
        bar = ("#" * (BAR * done // max(total, 1))).ljust(BAR, ".")
        line = f"\r  {name:<30} {bar} {done / 1e6:6.1f} of {total / 1e6:.1f} MB"
        print(line, end="\n" if full else "", file=sys.stderr, flush=True)
    elif full:
        print(f"  {name:<30} {total / 1e6:.1f} MB, verified", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Fetch what is missing, from the directory named first if there is one."""
    source = Path(arguments[0]) if arguments else None
    try:
        weights.fetch(settings.load().packs, weights.defaults(), source, progress=show)
    except ApplianceError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
