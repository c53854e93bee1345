"""The table of slash commands, and how a line becomes one."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mlxk.cli.chat import models, report, turns, values
from mlxk.cli.chat.command import Command, Leave, Outcome
from mlxk.cli.chat.session import Chat
from mlxk.config.diagnostics import suggestion
from mlxk.errors import UsageError

# A word behind a slash; a path such as /usr/bin is none.
_COMMAND = re.compile(r"/([a-z]+)(?:\s+(.*))?", re.DOTALL)


async def help_(chat: Chat, text: str) -> Outcome:
    if text:
        command = find(text.removeprefix("/"))
        chat.say(f"{_usage(command)}\n  {command.help}")
        return None
    columns = shutil.get_terminal_size().columns
    width = max(len(_usage(command)) for command in COMMANDS.values())
    narrow = width + max(len(command.help) for command in COMMANDS.values()) + 2 > columns
    if narrow:
        indented = textwrap.TextWrapper(columns, initial_indent="    ", subsequent_indent="    ")
        rows = [f"{_usage(each)}\n{indented.fill(each.help)}" for each in COMMANDS.values()]
    else:
        rows = [f"{_usage(each):<{width}}  {each.help}" for each in COMMANDS.values()]
    chat.say("\n".join([*rows, "", textwrap.fill(_KEYS, min(columns, 110))]))
    return None


async def leave(chat: Chat, text: str) -> Outcome:
    return Leave()


def names(chat: Chat, text: str) -> Iterable[str]:
    return COMMANDS


_KEYS = """\
Enter sends; Alt-Enter, or a backslash at the end of a line, begins a new one. Up and Ctrl-R find what
you asked before, Tab completes commands, Ctrl-O opens the last reasoning. Ctrl-C stops an answer; at an empty
line, twice, it leaves, and so does Ctrl-D. A line that begins with two slashes is a question."""

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        command.name: command
        for command in (
            Command("help", "[COMMAND]", "List the commands, or tell about one.", help_, names),
            Command("system", "[TEXT]", "Show or set the system prompt.", values.system),
            Command(
                "set", "[KEY VALUE]", "Set what a profile can: /set temperature 0.2", values.set_, values.keys
            ),
            Command("unset", "KEY", "Take back what /set said.", values.unset, values.said_keys),
            Command(
                "show",
                "[KEY | reasoning | messages | profile | set]",
                "Show values and where they come from, or the last reasoning.",
                values.show,
                values.topics,
            ),
            Command(
                "save",
                "profile | local | repository | user | FILE.yaml",
                "Write what /set said into that file; its comments stay.",
                values.save,
                values.layers,
                takes_path=True,
            ),
            Command(
                "model",
                "[NAME]",
                "Take another model, or list them.",
                models.model,
                models.known_models,
            ),
            Command(
                "profile",
                "[NAME | NAME:VARIANT]",
                "Take another profile, or list them.",
                models.profile,
                models.known_profiles,
            ),
            Command(
                "variant",
                "[NAME | none]",
                "Take a variant of the profile, or list them; /set stays.",
                models.variant,
                models.known_variants,
            ),
            Command("retry", "", "Answer the last question again.", turns.retry),
            Command("edit", "[TEXT]", "Change the last question and ask it again.", turns.edit),
            Command("undo", "", "Forget the last question and its answer.", turns.undo),
            Command("clear", "", "Begin a new conversation.", turns.clear),
            Command(
                "file", "[FILE | -]", "Put a file before the next question.", turns.file, takes_path=True
            ),
            Command("load", "FILE", "Go on with a conversation of a file.", turns.load_, takes_path=True),
            Command(
                "export",
                "[--force] FILE",
                "Write the conversation as JSON, or as Markdown (.md).",
                turns.export,
                takes_path=True,
            ),
            Command("tokens", "[TEXT]", "Tell how full the window is, or count a text.", report.tokens),
            Command("stats", "", "Tell what the answers cost.", report.stats),
            Command("exit", "", "Leave.", leave),
        )
    }
)


def _usage(command: Command) -> str:
    return f"/{command.name} {command.arguments}".rstrip()


def find(name: str) -> Command:
    """Raises `UsageError` with the nearest name."""
    if name in COMMANDS:
        return COMMANDS[name]
    hint = suggestion(name, COMMANDS) or "/help lists the commands"
    raise UsageError(f"there is no command /{name}", hint=hint)


def parse(line: str) -> tuple[Command, str] | None:
    """The command in a line, and what follows it; `None` for a question. Raises `UsageError`."""
    match = _COMMAND.fullmatch(line.strip())
    if match is None:
        return None
    name = "exit" if match[1] == "quit" else match[1]
    return find(name), (match[2] or "").strip()
