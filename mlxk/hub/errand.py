"""Long work in a child process, so that Ctrl-C ends it at once: what works in threads cannot be stopped.

The parent calls `send`; the module that it names calls `answer` when it is run. One JSON order goes in by
standard input, one JSON answer or error comes back by standard output; stderr is the terminal's, for bars.
The child ignores Ctrl-C, which is its parent's business, and ends when its parent does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mlxk import errors
from mlxk.errors import MlxkError, ModelError

Order = Mapping[str, Any]


def send(module: str, order: Order, *, what: str) -> dict[str, Any]:
    """Have a module do its work; raises the `MlxkError` that it ends with. `what` is for messages."""
    child = subprocess.Popen(  # noqa: S603 - this interpreter, a module of this package
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        return _follow(child, order, what)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _follow(child: subprocess.Popen[str], order: Order, what: str) -> dict[str, Any]:
    assert child.stdin is not None  # noqa: S101 - both are pipes, as asked for
    assert child.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
    line = child.stdout.readline()
    if not line:
        raise ModelError(f"{what} ended by itself (status {child.wait()})", hint="try it again")
    answered: dict[str, Any] = json.loads(line)
    if "error" not in answered:
        return answered
    kind = getattr(errors, answered["error"], MlxkError)
    raise kind(answered["message"], hint=answered["hint"])


def answer(work: Callable[[Order], dict[str, Any]]) -> None:
    """In the child: do the work of the one order, and report. What it prints goes nowhere."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            answered = work(order)
    except MlxkError as error:
        answered = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    print(json.dumps(answered), flush=True)  # noqa: T201 - the answer to the parent


def _end_with_parent() -> None:
    """The parent holds standard input open as long as it lives."""
    sys.stdin.read()
    os._exit(1)
