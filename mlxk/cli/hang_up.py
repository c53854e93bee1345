"""SIGHUP, from the first moment of a server to its last.

It asks for a reload, or says that the terminal is gone. What comes before anybody listens is kept for them;
by the system's default it would end a server that still loads.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Called in a signal handler, with whether the terminal is gone.
Listener = Callable[[bool], object]


class HangUp:
    """For the main thread. Under `nohup` it is never the terminal's word."""

    def __init__(self) -> None:
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._had_terminal = not ignored and _has_terminal()
        self._listener: Listener | None = None
        self._heard = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Within the block it ends no process, unless the terminal goes while nobody listens."""
        before = signal.signal(signal.SIGHUP, self._hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)

    @contextmanager
    def told_to(self, listener: Listener) -> Iterator[None]:
        """Within the block the listener hears of it, at once of one that came before; later ones are lost."""
        self._listener = listener
        if self._heard:
            listener(False)
        try:
            yield
        finally:
            self._listener = _nobody

    def _hear(self, number: int, frame: FrameType | None) -> None:
        gone = self._had_terminal and not _has_terminal()
        if self._listener is not None:
            self._listener(gone)
        elif gone:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGHUP)
        else:
            self._heard = True


def _nobody(gone: bool) -> None:
    """A server that stops is not to be hurried by it."""


def _has_terminal() -> bool:
    """Whether a terminal controls this process."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
