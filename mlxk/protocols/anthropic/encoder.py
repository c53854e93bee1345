"""Events to messages and their streams.

Reasoning is a `thinking` block unless the profile drops it. Clients send back only what has a `signature`: it
is a digest of the thinking, and nobody checks it. Where the caller wants to see no thinking the block is
empty, and its signature carries the thinking from turn to turn. How much of the prompt came from the cache is
known when generation ends: `message_start` counts it as new, and `message_delta` has the last word.

Anthropic's document requires the fields of what is not here, too: containers, citations, tools that run on
the server. They are null, but for the citations: clients know their list or nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import assert_never

import msgspec

from mlxk.errors import MlxkError
from mlxk.events import (
    Block,
    BlockDelta,
    BlockEnd,
    BlockKind,
    BlockStart,
    Completion,
    Event,
    Failed,
    Finish,
    PromptProgress,
    Start,
    Usage,
)
from mlxk.protocols.base import Json, ModelCard, finished
from mlxk.protocols.carrier import carried

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
# A delta's type, and the field that its text stands in.
_DELTAS: dict[BlockKind, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "tool_call": ("input_json_delta", "partial_json"),
}


class MessagesEncoder:
    """`stops` are the request's own stop sequences: only these are told as the reason of an end.

    `omits`: the caller wants to see no thinking.
    """

    def __init__(
        self,
        card: ModelCard,
        *,
        stops: tuple[str, ...],
        omits: bool,
        error_body: Callable[[MlxkError], Json],
    ) -> None:
        self._drops = card.expose == "drop"
        self._omits = omits
        self._window = card.context_length
        self._stops = stops
        self._error_body = error_body
        self._blocks = 0
        self._kind: BlockKind = "text"
        self._thought: list[str] = []

    def feed(self, choice: int, event: Event) -> bytes:
        match event:
            case BlockDelta():
                return self._delta(event)
            case BlockStart():
                return self._block_start(event)
            case BlockEnd():
                return self._block_end()
            case Start():
                usage = _usage(Usage(event.prompt_tokens, 0))
                message = {**_envelope(event), "content": [], **_stop(None), "usage": usage}
                return _frame("message_start", {"message": message})
            case Finish():
                body = {"delta": self._end(event), "usage": _counts(event.usage)}
                return _frame("message_delta", body) + _frame("message_stop", {})
            case PromptProgress():
                return b""
            case Failed():
                raise event.error
            case _:
                assert_never(event)

    def end(self) -> bytes:
        return b""

    def fail(self, error: MlxkError) -> bytes:
        return b"event: error\ndata: %b\n\n" % msgspec.json.encode(self._error_body(error))

    def body(self, completions: Sequence[Completion]) -> Json:
        (completion,) = completions
        content = [self._whole(block) for block in completion.blocks if not self._hides(block.kind)]
        return {
            **_envelope(completion.start),
            "content": [block for block in content if block is not None],
            **self._end(completion.finish),
            "usage": _usage(completion.finish.usage),
        }

    def _hides(self, kind: BlockKind) -> bool:
        return self._drops and kind == "reasoning"

    def _block_start(self, start: BlockStart) -> bytes:
        self._kind = start.kind
        self._thought = []
        if self._hides(start.kind):
            return b""
        block = {
            "text": {"type": "text", "text": "", "citations": []},
            "reasoning": {"type": "thinking", "thinking": "", "signature": ""},
            "tool_call": _call(start, {}),
        }[start.kind]
        return _frame("content_block_start", {"index": self._blocks, "content_block": block})

    def _delta(self, delta: BlockDelta) -> bytes:
        if self._hides(self._kind) or not delta.text:
            return b""
        if self._kind == "reasoning":
            self._thought.append(delta.text)
            if self._omits:
                return b""
        kind, field = _DELTAS[self._kind]
        return self._delta_frame({"type": kind, field: delta.text})

    def _delta_frame(self, said: Json) -> bytes:
        return _frame("content_block_delta", {"index": self._blocks, "delta": said})

    def _block_end(self) -> bytes:
        if self._hides(self._kind):
            return b""
        signed = b""
        if self._kind == "reasoning":
            signature = self._signature("".join(self._thought))
            signed = self._delta_frame({"type": "signature_delta", "signature": signature})
        self._blocks += 1
        return signed + _frame("content_block_stop", {"index": self._blocks - 1})

    def _end(self, finish: Finish) -> Json:
        reason = _STOP_REASONS[finished(finish)]
        if reason == "max_tokens" and finish.usage.total_tokens >= self._window:
            reason = "model_context_window_exceeded"
        if reason == "end_turn" and finish.stop_sequence in self._stops:
            return _stop("stop_sequence", finish.stop_sequence)
        return _stop(reason)

    def _whole(self, block: Block) -> Json | None:
        """A call whose arguments were cut off by the token limit is no call; `max_tokens` tells of it."""
        match block.kind:
            case "text":
                return {"type": "text", "text": block.text, "citations": []}
            case "reasoning":
                shown, signature = "" if self._omits else block.text, self._signature(block.text)
                return {"type": "thinking", "thinking": shown, "signature": signature}
            case "tool_call":
                try:
                    said = msgspec.json.decode(block.text or "{}", type=dict[str, object])
                except msgspec.MsgspecError:
                    return None
                return _call(block, said)
            case _:
                assert_never(block.kind)

    def _signature(self, thought: str) -> str:
        return carried(thought) if self._omits else b64encode(sha256(thought.encode()).digest()).decode()


def _call(block: Block | BlockStart, said: Json) -> Json:
    caller = {"type": "direct"}
    return {"type": "tool_use", "id": block.id, "name": block.name, "input": said, "caller": caller}


def _envelope(start: Start) -> dict[str, object]:
    return {"id": f"msg_{start.id}", "type": "message", "role": "assistant", "model": start.model}


def _usage(usage: Usage) -> Json:
    return {**_counts(usage), "cache_creation": None, "service_tier": "standard", "inference_geo": None}


def _counts(usage: Usage) -> Json:
    """Anthropic counts what came from the cache apart."""
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
        "server_tool_use": None,
    }


def _stop(reason: str | None, sequence: str | None = None) -> dict[str, object]:
    return {"stop_reason": reason, "stop_sequence": sequence, "stop_details": None, "container": None}


def _frame(kind: str, body: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **body}))
