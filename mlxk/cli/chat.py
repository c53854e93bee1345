"""`mlxk chat`: a conversation, turn by turn, with one loaded model."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.loading import loaded, make_plan, resolve_profile
from mlxk.cli.notes import note
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.errors import Interrupted, RequestError
from mlxk.events import Completion
from mlxk.generation import Loaded
from mlxk.plan import Plan
from mlxk.requests import GenerationRequest, Message, ToolCall

_NO_PROFILE_OPTIONS = ProfileOptions()
_NO_GENERATION_OPTIONS = GenerationOptions()
_LEAVE = frozenset({"exit", "quit", "/exit", "/quit"})


def chat(
    model: str | None = None,
    *,
    profile: ProfileOptions = _NO_PROFILE_OPTIONS,
    generation: GenerationOptions = _NO_GENERATION_OPTIONS,
    reasoning: Annotated[bool | None, Parameter(name="--show-reasoning", negative="--hide-reasoning")] = None,
    stats: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Talk with a model, turn by turn.

    `exit` or `quit` leaves, and so does Ctrl-D. Ctrl-C stops an answer and keeps the conversation.
    In a pipe every line of standard input is one turn.

    Examples:
        mlxk chat -p demo
        mlxk chat mlx-community/Qwen3-4B-Instruct-2507-4bit --system "You are concise."

    Parameters
    ----------
    model
        A model, where no profile is given.
    reasoning
        Print the reasoning too, or not. Default: on a terminal only.
    stats
        Tell on stderr what each answer cost.
    """
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
    plan = make_plan(resolve_profile(profile, generation, model=model), "run")
    show_reasoning = sys.stdout.isatty() if reasoning is None else reasoning
    return asyncio.run(_talk(plan, show_reasoning=show_reasoning, stats=stats))


@dataclass(slots=True)
class Conversation:
    """The turns so far."""

    messages: list[Message] = field(default_factory=list)

    def asked(self, text: str) -> GenerationRequest:
        self.messages.append(Message("user", text))
        return GenerationRequest(messages=tuple(self.messages))

    def answered(self, completion: Completion) -> None:
        calls = tuple(ToolCall(call.id or "", call.name or "", call.text) for call in completion.tool_calls)
        self.messages.append(Message("assistant", completion.text, completion.reasoning or None, calls))

    def take_back(self) -> None:
        """The last question got no answer: forget it, so that the next one is asked on its own."""
        self.messages.pop()


async def _talk(plan: Plan, *, show_reasoning: bool, stats: bool) -> int:
    conversation = Conversation()
    async with loaded(plan) as ready:
        if sys.stdin.isatty():
            note(f"{plan.name}: {plan.facts.reference}, {plan.context} tokens. exit or Ctrl-D leaves.")
        async for line in _lines():
            if line.strip() in _LEAVE:
                break
            if not line.strip():
                continue
            try:
                await _turn(ready, conversation, line, show_reasoning=show_reasoning, stats=stats)
            except Interrupted:
                conversation.take_back()
            except RequestError as error:
                conversation.take_back()
                note(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""))
    return 0


async def _turn(
    ready: Loaded, conversation: Conversation, line: str, *, show_reasoning: bool, stats: bool
) -> None:
    """Ask, show, remember. After Ctrl-C the half answer is remembered as it was seen."""
    from mlxk.cli.answer import Answer
    from mlxk.render.stats import stats_line
    from mlxk.render.terminal import TerminalRenderer

    renderer = TerminalRenderer(sys.stdout, show_reasoning=show_reasoning)
    completion = await Answer(ready, conversation.asked(line)).show(renderer)
    conversation.answered(completion)
    if completion.finish.reason == "cancelled":
        note("(stopped; the conversation goes on)")
    elif completion.finish.reason == "length":
        note("(the answer reached its token limit)")
    if stats:
        note(stats_line(completion.finish))


async def _lines() -> AsyncIterator[str]:
    """The person's lines: edited on a terminal, read one by one from a pipe."""
    if not sys.stdin.isatty():
        for line in sys.stdin:
            yield line.rstrip("\n")
        return
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    pressed = False
    while True:
        try:
            line = await session.prompt_async("> ")
        except EOFError:
            return
        except KeyboardInterrupt:
            if pressed:
                return
            pressed = True
            note("(Ctrl-C again, exit or Ctrl-D leaves)")
            continue
        pressed = False
        yield line
