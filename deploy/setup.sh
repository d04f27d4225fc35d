#!/bin/sh
# Find Python 3.11 and hand over to setup.py beside this file. Only a shell is sure to be there before that.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for candidate in "${PYTHON:-}" python3.11 /usr/bin/python3.11 /usr/local/bin/python3.11 python3 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; then
        exec "$candidate" "$here/setup.py" "$@"
    fi
done
echo "set-up: Python 3.11 was not found." >&2
echo "  On Debian 12: apt-get install python3.11 python3.11-venv" >&2
echo "  Elsewhere install it and name it: make setup PYTHON=/path/to/python3.11" >&2
exit 5
