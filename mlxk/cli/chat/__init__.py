"""`mlxk chat`: a conversation, turn by turn, with one loaded model.

`session` has the chat itself, `commands` the table of what begins with a slash, `screen` the line editor.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Protocol, assert_never

from cyclopts import Parameter

from mlxk.cli.chat.command import Ask, Edit, Leave, Outcome
from mlxk.cli.chat.commands import parse
from mlxk.cli.chat.seat import Seat
from mlxk.cli.chat.session import Chat
from mlxk.cli.chat.settings import Settings
from mlxk.cli.loading import make_plan, tell_files
from mlxk.cli.names import ModelName
from mlxk.cli.notes import note, quietly
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.config import Flag
from mlxk.errors import EngineError, Interrupted, MlxkError
from mlxk.hub.offline import offline

if TYPE_CHECKING:
    from mlxk.cli.answer import Renderer

_NO_PROFILE_OPTIONS = ProfileOptions()
_NO_GENERATION_OPTIONS = GenerationOptions()
_LEAVE = frozenset({"exit", "quit"})


def chat(
    model: ModelName | None = None,
    *,
    profile: ProfileOptions = _NO_PROFILE_OPTIONS,
    generation: GenerationOptions = _NO_GENERATION_OPTIONS,
    reasoning: Annotated[bool | None, Parameter(name="--show-reasoning", negative="--hide-reasoning")] = None,
    stats: Annotated[bool, Parameter(negative="")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="")] = False,
) -> int:
    """Talk with a model, turn by turn.

    /help lists the commands of a chat; /exit or Ctrl-D leaves. Ctrl-C stops an answer and keeps the
    conversation. In a pipe every line of standard input is one turn.

    Examples:
        mlxk chat -p demo
        mlxk chat mlx-community/Qwen3-4B-Instruct-2507-4bit --system "You are concise."

    Parameters
    ----------
    model
        A model, where no profile is given.
    reasoning
        Print the reasoning too, or not. Default: on a terminal, as the profile says in `reasoning.show`.
    stats
        Tell on stderr what each answer cost.
    quiet
        No warnings and no progress on stderr, only errors and what commands tell.
    """
    with quietly(quiet):
        return talk(profile, generation, model, reasoning=reasoning, stats=stats)


def talk(
    profile: ProfileOptions,
    generation: GenerationOptions,
    model: str | None,
    *,
    reasoning: bool | None,
    stats: bool,
) -> int:
    """Load the model and talk until the person leaves."""
    shown = {True: "full", False: "hidden"}
    name = "--hide-reasoning" if reasoning is False else "--show-reasoning"
    flags = {} if reasoning is None else {"reasoning.show": Flag(shown[reasoning], name)}
    settings = Settings(profile, generation, model, flags)
    with offline(profile.offline):
        return asyncio.run(_talk(settings, stats=stats, piped_reasoning=reasoning is True))


async def _talk(settings: Settings, *, stats: bool, piped_reasoning: bool) -> int:
    resolved = settings.resolve()
    tell_files(resolved)
    plan = make_plan(resolved, "run")
    typed = sys.stdin.isatty()

    def renderer(chat: Chat) -> Renderer:
        return _renderer(chat, typed=typed, piped_reasoning=piped_reasoning)

    async with Seat() as seat:
        with _undisturbed(typed) as restore:
            await seat.take_first(plan, restore)
        talked = Chat(settings, resolved, seat, renderer, can_edit=typed, stats=stats)
        await _loop(talked, _person(talked) if typed else Pipe())
    return 0


def _renderer(chat: Chat, *, typed: bool, piped_reasoning: bool) -> Renderer:
    """Formatted where a person types and reads, plain elsewhere."""
    from mlxk.render.terminal import TerminalRenderer

    show = chat.plan.profile.reasoning.show
    if not (typed and sys.stdout.isatty()):
        seen = show == "full" and (sys.stdout.isatty() or piped_reasoning)
        return TerminalRenderer(sys.stdout, show_reasoning=seen)
    from rich.console import Console, ConsoleDimensions

    from mlxk.cli.chat.report import status
    from mlxk.render.markdown import MarkdownRenderer

    console = Console()
    if console.is_dumb_terminal:
        console.size = ConsoleDimensions(*shutil.get_terminal_size())  # which rich does not ask for there
    return MarkdownRenderer(console, reasoning=show, status=partial(status, chat))


class Lines(Protocol):
    """Where a person's lines come from."""

    def offer(self, text: str) -> None: ...

    def lines(self) -> AsyncIterator[str]: ...


class Pipe:
    """Standard input, line by line; there is nobody to offer a text to."""

    def offer(self, text: str) -> None:
        return

    async def lines(self) -> AsyncIterator[str]:
        for line in sys.stdin:
            yield line.rstrip("\n")


def _person(talked: Chat) -> Lines:
    from mlxk.cli.chat.screen import Screen

    plan = talked.plan
    columns = shutil.get_terminal_size().columns
    for line in (
        f"{plan.name}: {plan.facts.reference}, {plan.context:,} tokens; {talked.when_full}.",
        "/help lists the commands, /exit or Ctrl-D leaves.",
    ):
        note(textwrap.fill(line, columns))
    return Screen(talked)


async def _loop(talked: Chat, person: Lines) -> None:
    async for line in person.lines():
        try:
            with _undisturbed(talked.can_edit) as restore:
                talked.before_leaving = restore
                outcome = await _take(talked, line)
                if isinstance(outcome, Ask):
                    await talked.ask(outcome.text)
        except EngineError:
            # The engine is gone, and the chat with it.
            raise
        except Interrupted:
            note("(stopped)")
        except MlxkError as error:
            _complain(error)
        else:
            match outcome:
                case Leave():
                    return
                case Edit(text):
                    person.offer(text)
                case Ask() | None:
                    pass
                case _:
                    assert_never(outcome)


async def _take(talked: Chat, line: str) -> Outcome:
    """What a line means."""
    if line.strip() in _LEAVE:
        return Leave()
    found = parse(line)
    if found is not None:
        command, text = found
        return await command.run(talked, text)
    if not line.strip():
        return None
    return Ask(line.strip()[1:] if line.lstrip().startswith("//") else line)


@contextmanager
def _undisturbed(typed: bool) -> Iterator[Callable[[], None] | None]:
    """While something goes on, what is typed ahead waits for the next line; yields what ends that."""
    if not typed:
        yield None
        return
    from mlxk.cli.chat.terminal import without_echo

    with without_echo() as restore:
        yield restore


def _complain(error: MlxkError) -> None:
    prefix = "" if error.message.startswith("error") else "error: "
    hint = f"\nhint: {error.hint}" if error.hint else ""
    sys.stderr.write(f"{prefix}{error.message}{hint}\n")
