"""What Tab offers in a chat: commands, and what may follow them."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from mlxk.cli.chat.commands import COMMANDS
from mlxk.cli.chat.session import Chat


class CommandCompleter(Completer):
    """Only for a line that begins with a slash."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in text:
            return
        name, space, rest = text[1:].partition(" ")
        if not space:
            for each in COMMANDS.values():
                if each.name.startswith(name):
                    yield Completion(f"/{each.name}", start_position=-len(text), display_meta=each.help)
            return
        command = COMMANDS.get(name)
        if command is None:
            return
        for value in sorted(set(command.complete(self._chat, rest))):
            if value.startswith(rest) and value != rest:
                yield Completion(value, start_position=-len(rest))
        if command.takes_path:
            yield from self._paths.get_completions(Document(rest), complete_event)
