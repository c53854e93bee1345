"""The end of what is on the screen: lines that still change, and a status line below them.

What is above was printed once and is never touched again. Both are drawn in one piece, so nothing flickers;
`close` takes the tail away. On what is no terminal only the lines that are done are written.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.segment import Segment, Segments

    Line = list[Segment]

# A screen that is drawn more often looks no smoother.
_BETWEEN_DRAWINGS = 1 / 20  # seconds
# A long block takes longer to draw: the model shall have most of the time anyway.
_RESTS = 5
# Lines of the screen that the tail leaves free.
_SPARE_LINES = 3

Status = Callable[[int], str]


class Tail:
    """`status` gives one line of at most so many characters."""

    def __init__(self, console: Console, status: Status | None = None) -> None:
        self.console = console
        self._status = status
        self._live: Live | None = None
        self._next = 0.0
        self._began = 0.0

    @property
    def room(self) -> int:
        """How many lines may change."""
        return max(self.console.height - _SPARE_LINES - (self._status is not None), 1)

    def due(self) -> bool:
        """Whether it is time to draw; what follows until `draw` returns is the cost of drawing."""
        self._began = time.monotonic()
        return self._began >= self._next

    def draw(self, done: list[Line], growing: list[Line]) -> None:
        """Print the lines that are `done` for good, and those that still grow below."""
        shown = [*growing, self._status_line()] if self._status is not None else growing
        with self.console:  # in one piece
            if done:
                self.console.print(_joined(done), end="")
            self._drawn().update(_joined(shown), refresh=True)
        ended = time.monotonic()
        self._next = ended + max(_BETWEEN_DRAWINGS, _RESTS * (ended - self._began))

    def close(self) -> None:
        """Take it away; a later `draw` brings it back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _drawn(self) -> Live:
        from rich.live import Live

        if self._live is None:
            self._live = Live(
                console=self.console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
            )
            self._live.start()
        return self._live

    def _status_line(self) -> Line:
        from rich.segment import Segment
        from rich.style import Style

        assert self._status is not None  # noqa: S101 - the caller looked
        # A character in the last column would break the line on some terminals.
        return [Segment(self._status(self.console.width - 1), Style(dim=True))]


def _joined(lines: list[Line]) -> Segments:
    from rich.segment import Segment, Segments

    return Segments([piece for line in lines for piece in (*line, Segment.line())])
