"""The command line: arguments become a call, its outcome an exit status.

Commands are registered by name and imported when they run, so `mlxk --help` loads neither mlx, transformers
nor sanic. This module is one of the two places that catch every exception; the other is the HTTP handler.

Exit statuses: 0 done; 1 it failed; 2 the command line is wrong; 130 Ctrl-C; 141 a pipe's reader went away.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from inspect import cleandoc

from cyclopts import App, CycloptsError, Parameter

from mlxk import __version__
from mlxk.cli.stdin import mark_stdin
from mlxk.errors import Interrupted, MlxkError

_PIPE_CLOSED = 128 + signal.SIGPIPE
_HELP = frozenset({"--help", "-h"})

# Command, where it lives, and its line in `mlxk --help`.
_COMMANDS = (
    ("run", "mlxk.cli.run:run", "Answer one prompt."),
    ("chat", "mlxk.cli.chat:chat", "Talk with a model, turn by turn."),
    ("up", "mlxk.cli.up:up", "Serve a profile over HTTP."),
    ("plan", "mlxk.cli.plan:plan", "Tell what models take of memory, and whether that fits."),
    ("init", "mlxk.cli.init:init", "Write a commented profile to start from."),
    ("validate", "mlxk.cli.validate:validate", "Check profiles: every error with file, line and column."),
    ("migrate", "mlxk.cli.migrate:migrate", "Rewrite keys that other tools or versions call otherwise."),
    ("trust", "mlxk.cli.trust:trust", "Allow what a file from elsewhere asks for, after reading it."),
    ("profiles", "mlxk.cli.profiles:profiles", "List the profiles that -p finds."),
    ("config", "mlxk.cli.config:config", "Print a profile's effective values and where each comes from."),
    ("explain", "mlxk.cli.explain:explain", "Tell how one value came about, layer by layer."),
    ("pull", "mlxk.cli.pull:pull", "Download a model, after a look at what it needs."),
    ("list", "mlxk.cli.listing:list_", "List the models on this machine."),
    ("show", "mlxk.cli.show:show", "Show what is known about a model on this machine."),
    ("health", "mlxk.cli.health:health", "Check that models on this machine are whole."),
    ("rm", "mlxk.cli.rm:rm", "Remove models from this machine."),
    ("clone", "mlxk.cli.clone:clone", "Copy a model into a folder that you can edit."),
    ("convert", "mlxk.cli.convert:convert", "Quantise a model with mlx-lm."),
    ("push", "mlxk.cli.push:push", "Upload a model, into a private repository."),
    ("lock", "mlxk.cli.lock:lock", "Pin the models of profiles in mlxk.lock."),
    ("schema", "mlxk.cli.schema:schema", "Print the JSON schema that editors use."),
    ("completion", "mlxk.cli.completion:completion", "Print or install completion for bash, zsh or fish."),
)


def make_app(command: str | None = None) -> App:
    """The app; `command`, if one is known to be called, is shown with its own full help."""
    app = App(
        name="mlxk",
        help="Declare a local model once, in a YAML profile; run it, chat with it, or serve it.",
        version=__version__,
        help_epilogue=None
        if command
        else 'Try it without any download: mlxk run -p demo "Why is the sky blue?"',
        help_format="plaintext",
        default_parameter=Parameter(show_default=False),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name, target, help_line in _COMMANDS:
        app.command(target, name=name, help=None if name == command else help_line)
    return app


def _unwrap(app: App) -> None:
    """Let the terminal break the paragraphs of a command's help, instead of the source."""
    paragraphs = cleandoc(app.help).split("\n\n")
    app.help = "\n\n".join(text if "\n " in text else text.replace("\n", " ") for text in paragraphs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit status. No traceback reaches a user."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    try:
        command = _command(tokens)
        app = make_app(command)
        if command and not _HELP.isdisjoint(tokens):
            _unwrap(app[command])
        status = app(mark_stdin(tokens), exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return _PIPE_CLOSED
    except CycloptsError as error:
        _complain(str(error).strip(), " ".join(("see: mlxk", *filter(None, (_command(tokens),)), "--help")))
        return 2
    except Interrupted as error:
        return error.exit_status
    except MlxkError as error:
        _complain(error.message, error.hint)
        return error.exit_status
    except KeyboardInterrupt:
        return Interrupted.exit_status
    except Exception as error:  # noqa: BLE001 - the outermost edge: a bug must not show a traceback
        _complain(
            f"internal error: {type(error).__name__}: {error}", "this is a bug in mlxk: please report it"
        )
        return 1
    return status if isinstance(status, int) else 0


def _command(tokens: list[str]) -> str | None:
    return next((name for name, _, _ in _COMMANDS if tokens[:1] == [name]), None)


def _complain(message: str, hint: str | None) -> None:
    prefix = "" if message.startswith("error") else "error: "
    print(f"{prefix}{message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


def _silence_stdout() -> None:
    """The interpreter flushes stdout once more at exit, which must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
