"""What a person sees while something takes long: on stderr, and only on a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlxk.cli.notes import watched

# What is done sooner needs no line that comes and goes.
_PATIENCE = 0.7  # seconds


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done, if that takes a while; gone afterwards. Yields what renames it."""
    if not watched():
        yield lambda text: None
        return
    line = _Line(what)
    try:
        yield line.say
    finally:
        line.close()


class _Line:
    """A spinner that appears by itself, and never after it was closed."""

    def __init__(self, text: str) -> None:
        from rich.console import Console

        self._status = Console(stderr=True).status(f"{text} …")
        self._lock = threading.Lock()
        self._closed = False
        self._timer = threading.Timer(_PATIENCE, self._appear)
        self._timer.daemon = True
        self._timer.start()

    def say(self, text: str) -> None:
        self._status.update(f"{text} …")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._timer.cancel()
            self._status.stop()

    def _appear(self) -> None:
        with self._lock:
            if not self._closed:
                self._status.start()


@contextmanager
def copying(what: str, size: int) -> Iterator[Callable[[int], object]]:
    """A bar over so many bytes; yields what to tell each number of bytes that is done."""
    if not watched():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=size)
        yield lambda count: bar.advance(task, count)
