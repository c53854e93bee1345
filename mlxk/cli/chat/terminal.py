"""The terminal while an answer is written: what is typed ahead is not echoed into it."""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOCAL_FLAGS = 3


@contextmanager
def without_echo() -> Iterator[Callable[[], None]]:
    """Within it, keys are kept for the next line instead of shown; yields what puts the terminal right."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    silent = termios.tcgetattr(descriptor)
    silent[_LOCAL_FLAGS] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)

    def restore() -> None:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    try:
        yield restore
    finally:
        restore()
