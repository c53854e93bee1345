"""A process that is to live no longer than the one that started it, even while it is stopped.

On Linux the kernel sees to that. Elsewhere the end of a socket or pipe has to do: a process that is stopped
finds out when it goes on.
"""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """From now on. The parent is the thread that started this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
