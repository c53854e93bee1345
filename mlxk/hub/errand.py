"""Long work in a child process, so that Ctrl-C ends it at once: what works in threads cannot be stopped.

The parent calls `send`; the module that it names calls `answer` when it is run. One JSON order goes in by
standard input, one JSON answer or error comes back by standard output, after what the work `tell`s of how far
it is; stderr is the terminal's, for bars.
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
Listener = Callable[[Mapping[str, Any]], object]

_PROGRESS = "progress"


def send(module: str, order: Order, *, what: str, listener: Listener = lambda said: None) -> dict[str, Any]:
    """Have a module do its work; raises the `MlxkError` that it ends with. `what` is for messages.

    `listener` hears what the work tells on its way; what it raises ends the work.
    """
    child = subprocess.Popen(  # noqa: S603 - this interpreter, a module of this package
        [sys.executable, "-P", "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        return _follow(child, order, what, listener)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _follow(child: subprocess.Popen[str], order: Order, what: str, listener: Listener) -> dict[str, Any]:
    assert child.stdin is not None  # noqa: S101 - both are pipes, as asked for
    assert child.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
    for line in child.stdout:
        said: dict[str, Any] = json.loads(line)
        if _PROGRESS in said:
            listener(said[_PROGRESS])
        elif "error" not in said:
            return said
        else:
            raise getattr(errors, said["error"], MlxkError)(said["message"], hint=said["hint"])
    raise ModelError(f"{what} ended by itself (status {child.wait()})", hint="try it again")


def tell(**said: object) -> None:
    """In the child: how far the work is, for the parent's listener."""
    # What the work itself prints goes nowhere; this does not.
    print(json.dumps({_PROGRESS: said}), file=sys.__stdout__, flush=True)


def answer(work: Callable[[Order], dict[str, Any]]) -> None:
    """In the child: do the work of the one order, and report. What it prints goes nowhere."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            answered = work(order)
    except MlxkError as error:
        answered = _told(error)
    except Exception as error:  # noqa: BLE001 - this process's outermost edge: a bug must not show a traceback
        bug = f"internal error: {type(error).__name__}: {error}"
        answered = _told(ModelError(bug, hint="this is a bug in mlxk: please report it"))
    print(json.dumps(answered), flush=True)  # noqa: T201 - the answer to the parent


def _told(error: MlxkError) -> dict[str, Any]:
    return {"error": type(error).__name__, "message": error.message, "hint": error.hint}


def _end_with_parent() -> None:
    """The parent holds standard input open as long as it lives."""
    sys.stdin.read()
    os._exit(1)
