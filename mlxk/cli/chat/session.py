"""One chat: its conversation, its settings, its model, and how an answer comes about.

A question that gets no answer is taken back; an answer that was stopped is kept as far as it came.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from mlxk.cli.answer import Answer, Renderer
from mlxk.cli.chat.conversation import Conversation
from mlxk.cli.chat.pace import Pace
from mlxk.cli.chat.seat import Seat
from mlxk.cli.chat.settings import Settings
from mlxk.cli.loading import make_plan
from mlxk.cli.notes import REACHED_LIMIT, note
from mlxk.config import Resolved
from mlxk.errors import Interrupted, RequestError
from mlxk.events import Finish
from mlxk.generation import Loaded
from mlxk.plan import Plan
from mlxk.render.terminal import safe
from mlxk.requests import GenerationRequest

# How full the window is when a person is told, and what happens when it is.
_NEARLY_FULL = 0.8
_WHEN_FULL = {
    "error": "when it is full, questions are refused (/undo, /clear, /set overflow truncate_oldest)",
    "truncate_oldest": "when it is full, the oldest turns are left out",
}


@dataclass(slots=True)
class Totals:
    """What the answers of this chat took. Tokens and seconds."""

    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def add(self, finish: Finish) -> None:
        self.answers += 1
        self.prompt_tokens += finish.usage.prompt_tokens
        self.completion_tokens += finish.usage.completion_tokens
        self.seconds += finish.timings.total


@dataclass(slots=True)
class Chat:
    """`can_edit`: a person types, so that a line can be offered for a change. `pace` is there while an answer
    comes."""

    settings: Settings
    resolved: Resolved
    seat: Seat
    renderer: Callable[[Chat], Renderer]
    can_edit: bool = False
    stats: bool = False
    conversation: Conversation = field(default_factory=Conversation)
    attached: list[tuple[str, str]] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    last: Finish | None = None
    pace: Pace | None = None
    context_used: int = 0
    before_leaving: Callable[[], None] | None = None
    _warned: bool = False

    @property
    def loaded(self) -> Loaded:
        return self.seat.loaded

    @property
    def plan(self) -> Plan:
        return self.loaded.plan

    @property
    def when_full(self) -> str:
        return _WHEN_FULL[self.plan.profile.tokens.overflow]

    def say(self, text: str) -> None:
        """What a person asked to be told: stdout belongs to the answers."""
        sys.stderr.write(f"{safe(text)}\n")

    async def become(self, settings: Settings) -> bool:
        """Go on with other settings; returns whether a model was loaded. On an error nothing changes."""
        resolved = settings.resolve()
        loads = await self.seat.take(make_plan(resolved, "run"), self.before_leaving)
        self.settings, self.resolved = settings, resolved
        if loads:
            self.last = None  # its speed was another model's
        await self.measure()
        return loads

    async def ask(self, text: str) -> None:
        """Show the answer to a question, and remember both."""
        attached = self.attached
        request = self.conversation.ask("\n\n".join([*(body for _, body in attached), text]))
        self.attached = []
        try:
            await self._answer(request)
        except (Interrupted, RequestError) as error:
            self.conversation.take_back()
            self.attached = attached
            if not isinstance(error, Interrupted):
                raise
            note("(stopped; the question is taken back)")

    async def _answer(self, request: GenerationRequest) -> None:
        self.pace = pace = Pace()
        try:
            answer = Answer(self.loaded, request, self.before_leaving, pace.feed)
            completion = await answer.show(self.renderer(self))
        finally:
            self.pace = None
        self.conversation.answered(completion)
        self.last = completion.finish
        self.totals.add(completion.finish)
        await self._tell(completion.finish)
        await self.measure()
        self._warn()

    async def _tell(self, finish: Finish) -> None:
        from mlxk.hub.sizes import show
        from mlxk.render.stats import stats_line

        if finish.reason == "cancelled":
            note("(stopped; the conversation goes on)")
        elif finish.reason == "length":
            note(REACHED_LIMIT)
        if self.stats:
            stats = await self.loaded.engine.stats()
            self.say(stats_line(finish, memory=show(stats.peak_bytes)))

    async def measure(self) -> None:
        """Count the tokens of the conversation as the template writes it."""
        messages = tuple(self.conversation.messages)
        if not messages:
            self.context_used = 0
            return
        request = GenerationRequest(messages=messages, add_generation_prompt=False)
        try:
            prompt = await asyncio.to_thread(self.loaded.text.render, request)
            self.context_used = len(prompt.tokens)
        except RequestError:
            # A template that wants a question last: what the last answer took is what is known.
            self.context_used = self.last.usage.total_tokens if self.last else 0

    def _warn(self) -> None:
        """Once, when the window gets nearly full."""
        part = self.context_used / self.plan.context
        if part >= _NEARLY_FULL and not self._warned:
            note(f"(the context window is {part:.0%} full; {self.when_full})")
        self._warned = part >= _NEARLY_FULL
