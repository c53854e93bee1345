"""What a prompt has in common with other conversations: the system text and the tools before its first turn.

Found as mlx-lm's server does: the same beginning is rendered with an empty turn behind it, and counts as far
as the tokens are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import takewhile

from mlxk.errors import RequestError
from mlxk.requests import GenerationRequest, Message
from mlxk.text.chat import ChatWriter
from mlxk.text.prompt import Marker, Prompt
from mlxk.text.tokenizer import Tokenizer

_REMEMBERED = 16  # preambles whose tokens are kept


@dataclass(frozen=True, slots=True)
class _Probe:
    """A request with nothing but a preamble; `key` is all of it that a template sees, and the day."""

    key: str
    request: GenerationRequest = field(compare=False)

    @classmethod
    def of(cls, request: GenerationRequest, opening: tuple[Message, ...]) -> _Probe:
        seen = (opening, request.tools, request.tool_choice, request.reasoning, request.chat_template_kwargs)
        alone = GenerationRequest(
            messages=(*opening, Message("user", "")),
            tools=request.tools,
            tool_choice=request.tool_choice,
            reasoning=request.reasoning,
            chat_template_kwargs=request.chat_template_kwargs,
            add_generation_prompt=False,
        )
        return cls(repr((*seen, datetime.now().astimezone().date())), alone)


class Preambles:
    """The preambles of one model's prompts. Safe to share by threads."""

    def __init__(self, chat: ChatWriter, marker: Marker, tokenizer: Tokenizer, system: str | None) -> None:
        self._chat = chat
        self._marker = marker
        self._tokenizer = tokenizer
        self._system = system
        self._tokens = lru_cache(maxsize=_REMEMBERED)(self._render)

    def count(self, request: GenerationRequest, prompt: Prompt) -> int:
        """How many tokens of the prompt stand before the conversation's own; 0 where there is no preamble."""
        opening = tuple(takewhile(lambda message: message.role in ("system", "developer"), request.messages))
        if not request.messages or not (opening or request.tools or self._system):
            return 0
        pairs = zip(self._tokens(_Probe.of(request, opening)), prompt.tokens, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def _render(self, probe: _Probe) -> tuple[int, ...]:
        try:
            text = self._chat.write(probe.request).text
        except RequestError:
            return ()  # a template that wants more of a turn
        return self._tokenizer.encode_segments(self._marker.segments(text))
