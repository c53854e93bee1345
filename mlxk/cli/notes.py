"""Lines for the person at the terminal, on stderr; stdout belongs to the answer.

Where a command was told to be quiet, they are not written; errors are, for the edge writes those.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

REACHED_LIMIT = "(the answer reached its token limit)"

# A context variable, so that it ends with the command; tasks and threads of the command inherit it.
_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


def note(line: str) -> None:
    """One line, or a few."""
    if _QUIET.get():
        return
    # In one piece: a server's log writes to stderr too.
    sys.stderr.write(f"{line}\n")


def watched() -> bool:
    """Whether somebody looks at stderr and wants to be told what goes on."""
    return not _QUIET.get() and sys.stderr.isatty()


@contextmanager
def quietly(quiet: bool = True) -> Iterator[None]:
    """Within it, `note` writes nothing and nothing tells of progress."""
    token = _QUIET.set(quiet or _QUIET.get())
    try:
        yield
    finally:
        _QUIET.reset(token)
