"""Where a person types: a line editor with several lines, history, completion and a status line."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.output.defaults import create_output
from prompt_toolkit.styles import Style

from mlxk.cli.chat.completion import CommandCompleter
from mlxk.cli.chat.report import status
from mlxk.cli.chat.session import Chat
from mlxk.cli.notes import note
from mlxk.config import trust

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

_PROMPT = "> "
_STYLE = Style.from_dict({"bottom-toolbar": "noreverse fg:ansibrightblack", "more": "fg:ansibrightblack"})


class Screen:
    """Lines of a person at a terminal."""

    def __init__(self, chat: Chat, *, input: Input | None = None, output: Output | None = None) -> None:  # noqa: A002
        self._chat = chat
        self._session: PromptSession[str] = PromptSession(
            history=history(),
            completer=CommandCompleter(chat),
            complete_while_typing=True,
            key_bindings=_keys(chat),
            multiline=True,
            prompt_continuation=FormattedText([("class:more", "… ")]),
            bottom_toolbar=lambda: status(chat, get_app().output.get_size().columns),
            style=_STYLE,
            color_depth=ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None,
            reserve_space_for_menu=5,
            input=input,
            # Answers may go elsewhere; the prompt stays with the person.
            output=output or create_output(always_prefer_tty=True),
        )
        self._offered = ""

    def offer(self, text: str) -> None:
        """Text that the next line begins with."""
        self._offered = text

    async def lines(self) -> AsyncIterator[str]:
        """Until Ctrl-D, or Ctrl-C twice at an empty line."""
        pressed = False
        while True:
            offered, self._offered = self._offered, ""
            try:
                line = await self._session.prompt_async(_PROMPT, default=offered)
            except EOFError:
                return
            except KeyboardInterrupt:
                typed = bool(self._session.default_buffer.text)
                if pressed and not typed:
                    return
                pressed = not typed
                if pressed:
                    note("(Ctrl-C again, /exit or Ctrl-D leaves)")
                continue
            pressed = False
            yield line


def history() -> History:
    """In a private file of the user's state; in memory where there is no home or the file cannot be kept."""
    state = trust.state_file(os.environ)
    if state is None:
        return InMemoryHistory()
    file = state.with_name("chat_history")
    try:
        _make_private(file)
    except OSError as error:
        note(f"warning: what you type is not remembered: {file}: {error.strerror}")
        return InMemoryHistory()
    return FileHistory(str(file))


def _make_private(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
    file.chmod(0o600)


def _keys(chat: Chat) -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> None:
        """Send, or go on behind a backslash at the end; with a completion chosen, take that."""
        buffer = event.current_buffer
        state = buffer.complete_state
        if state is not None and state.current_completion is not None:
            buffer.complete_state = None
            return
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
            return
        buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-o")
    async def _open_reasoning(event: KeyPressEvent) -> None:
        text = chat.conversation.last_reasoning or "no answer had reasoning yet"
        await run_in_terminal(lambda: chat.say(text))

    return keys
