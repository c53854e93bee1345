"""Ctrl-C as a request, not as an exception in the middle of something.

The first Ctrl-C asks whatever is going on to stop in order; the second leaves at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from mlxk.errors import Interrupted

_T = TypeVar("_T")

# A line about waiting hides the cursor.
_SHOW_CURSOR, _ERASE_LINE = "\x1b[?25h", "\r\x1b[2K"


async def interruptible(
    work: Coroutine[Any, Any, _T],
    on_press: Callable[[], bool] | None = None,
    on_leave: Callable[[], None] | None = None,
) -> _T:
    """Await `work`; on Ctrl-C call `on_press`, or cancel the work and raise `Interrupted`.

    `on_press` says whether it took care of ending the work; if not, the work is cancelled. `on_leave` puts
    the terminal right before the second Ctrl-C ends the process.
    """
    task = asyncio.ensure_future(work)
    pressed = False

    def press() -> None:
        nonlocal pressed
        if pressed:
            leave(on_leave)
        pressed = True
        if on_press is None or not on_press():
            task.cancel()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, press)
    try:
        return await task
    except asyncio.CancelledError:
        if pressed:
            raise Interrupted("interrupted") from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def leave(on_leave: Callable[[], None] | None = None) -> NoReturn:
    """End the process: the system takes back memory and engine at once, and nothing is worth waiting for."""
    if on_leave is not None:
        on_leave()
    if sys.stderr.isatty():
        sys.stderr.write(_SHOW_CURSOR)
        sys.stderr.flush()
    os._exit(Interrupted.exit_status)


def leave_loading(on_leave: Callable[[], None] | None = None) -> NoReturn:
    """`leave`, from under the line that says what is loaded. A load cannot be stopped, only left."""
    if sys.stderr.isatty():
        sys.stderr.write(_ERASE_LINE)
    leave(on_leave)
