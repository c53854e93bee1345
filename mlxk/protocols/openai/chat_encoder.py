"""Events to chat completions and their chunks.

A chunk's fixed parts are encoded once a stream, so that a token costs one small JSON string.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec

from mlxk.events import (
    Block,
    BlockDelta,
    BlockEnd,
    BlockStart,
    Completion,
    Event,
    Failed,
    Finish,
    PromptProgress,
    Start,
    TokenLogprob,
)
from mlxk.protocols.base import Json, ModelCard, finished
from mlxk.protocols.openai.choices import INLINE_END, INLINE_START, ChoicesEncoder

_encode = msgspec.json.encode


class _Choice:
    """What a stream must remember of one choice: where the open block's text goes."""

    def __init__(self) -> None:
        self.fields: tuple[str, ...] = ()
        self.tool: int | None = None
        self.tools = 0
        self.closing = ""


class ChatEncoder(ChoicesEncoder):
    ID_PREFIX = "chatcmpl-"
    WHOLE = "chat.completion"
    CHUNK = "chat.completion.chunk"

    def __init__(
        self, card: ModelCard, *, include_usage: bool, choices: int, logprobs: bool, service_tier: bool
    ) -> None:
        super().__init__(card, include_usage=include_usage, per_prompt=choices, service_tier=service_tier)
        self._logprobs = logprobs
        self._choices: dict[int, _Choice] = {}
        self._head = b""
        # OpenAI: with usage asked for, all other chunks carry a null.
        self._tail = b',"usage":null}\n\n' if include_usage else b"}\n\n"

    def feed(self, choice: int, event: Event) -> bytes:
        match event:
            case BlockDelta():
                return self._delta(choice, event)
            case BlockStart():
                return self._block_start(choice, event)
            case BlockEnd():
                return self._block_end(choice)
            case PromptProgress():
                return b""
            case Start():
                self._begin(choice, event)
                return self._chunk(choice, b'{"role":"assistant","content":""}')
            case Finish():
                self._usages[choice] = event.usage
                return self._chunk(choice, b"{}", reason=_encode(finished(event)))
            case Failed():
                raise event.error
            case _:
                assert_never(event)

    # Streaming

    def _begin(self, choice: int, start: Start) -> None:
        self._choices[choice] = _Choice()
        if self._start is None:
            self._start = start
            self._head = b"data: " + _encode(self._envelope(start, self.CHUNK))[:-1]

    def _block_start(self, choice: int, start: BlockStart) -> bytes:
        state = self._choices[choice]
        state.tool = None
        match start.kind:
            case "text":
                state.fields = ("content",)
            case "reasoning":
                state.fields = self._reasoning_fields
                if self._inline:
                    state.closing = INLINE_END
                    return self._text(choice, state.fields, INLINE_START)
            case "tool_call":
                state.tool = state.tools
                state.tools += 1
                return self._chunk(choice, _encode({"tool_calls": [_call(state.tool, start)]}))
            case _:
                assert_never(start.kind)
        return b""

    def _delta(self, choice: int, delta: BlockDelta) -> bytes:
        state = self._choices[choice]
        if state.tool is not None:
            piece = {"index": state.tool, "function": {"arguments": delta.text}}
            return self._chunk(choice, _encode({"tool_calls": [piece]}))
        return self._text(choice, state.fields, delta.text, delta.logprobs)

    def _block_end(self, choice: int) -> bytes:
        state = self._choices[choice]
        closing, state.closing = state.closing, ""
        return self._text(choice, state.fields, closing)

    def _text(
        self, choice: int, fields: tuple[str, ...], text: str, logprobs: tuple[TokenLogprob, ...] = ()
    ) -> bytes:
        if not fields or not (text or logprobs):
            return b""
        said = _encode(text)
        delta = b",".join(b'"%b":%b' % (field.encode(), said) for field in fields)
        if self._logprobs and logprobs and fields == ("content",):
            return self._chunk(choice, b"{%b}" % delta, logprobs=_encode(_logprobs(logprobs)))
        return self._chunk(choice, b"{%b}" % delta)

    def _chunk(
        self, choice: int, delta: bytes, *, logprobs: bytes = b"null", reason: bytes = b"null"
    ) -> bytes:
        return b'%b,"choices":[{"index":%d,"delta":%b,"logprobs":%b,"finish_reason":%b}]%b' % (
            self._head,
            choice,
            delta,
            logprobs,
            reason,
            self._tail,
        )

    # Whole

    def _whole(self, index: int, completion: Completion) -> Json:
        return {
            "index": index,
            "message": self._message(completion),
            "logprobs": self._whole_logprobs(completion),
            "finish_reason": finished(completion.finish),
        }

    def _message(self, completion: Completion) -> Json:
        content = "".join(self._visible(block) for block in completion.blocks)
        calls = [
            {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": block.text}}
            for block in completion.tool_calls
        ]
        message: dict[str, object] = {
            "role": "assistant",
            "content": None if calls and not content else content,
            "refusal": None,
            "annotations": [],
        }
        if completion.reasoning and not self._inline:
            message |= dict.fromkeys(self._reasoning_fields, completion.reasoning)
        if calls:
            message["tool_calls"] = calls
        return message

    def _visible(self, block: Block) -> str:
        if block.kind == "text":
            return block.text
        if block.kind == "reasoning" and self._inline:
            return f"{INLINE_START}{block.text}{INLINE_END}"
        return ""

    def _whole_logprobs(self, completion: Completion) -> Json | None:
        if not self._logprobs:
            return None
        shown = ("text", "reasoning") if self._inline else ("text",)
        return _logprobs(
            [token for block in completion.blocks if block.kind in shown for token in block.logprobs]
        )


def _call(index: int, start: BlockStart) -> Json:
    function = {"name": start.name, "arguments": ""}
    return {"index": index, "id": start.id, "type": "function", "function": function}


def _logprobs(tokens: Sequence[TokenLogprob]) -> Json:
    return {
        "content": [
            {**_token(token), "top_logprobs": [_token(top) for top in token.top]} for token in tokens
        ],
        "refusal": None,
    }


def _token(token: TokenLogprob) -> Json:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.token_bytes)}
