"""Where the threads that run windows run, and how urgently."""

import os
import sys
import threading
from contextlib import suppress

__all__ = ["settle"]

_NICENESS = 7
"""Of the threads that run windows, beside those that read requests and answer them: a run takes
all it can get of a core for milliseconds, and who answers would wait that long for each step."""


def settle(number: int, threads: int) -> None:
    """Give the calling thread its place, as the `number`-th of the `threads` that run windows.

    It yields to all other threads and, if there is a core for each, stays on its own: Linux leaves
    two threads that yield on one core for milliseconds while other work has made another idle.
    Elsewhere than on Linux, where a thread has neither priority nor cores of its own, nothing is
    done; nor where the system doesn't allow it.
    """
    if sys.platform != "linux":
        return
    this = threading.get_native_id()
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, this, os.getpriority(os.PRIO_PROCESS, this) + _NICENESS)
    with suppress(OSError):
        cores = sorted(os.sched_getaffinity(this))
        if len(cores) == threads:
            os.sched_setaffinity(this, cores[number : number + 1])
