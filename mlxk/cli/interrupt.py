"""Ctrl-C as a request, not as an exception in the middle of something.

The first Ctrl-C asks whatever is going on to stop in order; the second leaves at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mlxk.errors import Interrupted

_T = TypeVar("_T")


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
            if on_leave is not None:
                on_leave()
            _show_cursor()
            # The system takes back memory and engine at once; nothing here is worth waiting for.
            os._exit(Interrupted.exit_status)
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


def _show_cursor() -> None:
    """A line about waiting hides it."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h")
        sys.stderr.flush()
