"""Who gets the processors first: questions before the reading of files."""

import os


def give_way(pid: int, niceness: int) -> None:
    """Let a process, and what it starts from now on, yield to others; `niceness` as in nice(1), 0 to 19.

    What is nicer already stays so. Does nothing when the process has ended.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, pid, max(niceness, os.getpriority(os.PRIO_PROCESS, pid)))
    except ProcessLookupError:
        return
