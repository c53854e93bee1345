"""Events to Ollama's answers: one JSON object, or one on each line as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    TokenLogprob,
)
from mlxk.protocols.base import Json, ModelCard, finished
from mlxk.protocols.ollama.common import error_body, line, timestamp
from mlxk.protocols.openai.choices import INLINE_END, INLINE_START

Calls = Sequence[Json]
Answer = Callable[[str, str, Calls], Mapping[str, object]]


def chat_answer(content: str, thinking: str, calls: Calls) -> Mapping[str, object]:
    return {"message": {"role": "assistant", "content": content, **_more(thinking, calls)}}


def generate_answer(content: str, thinking: str, calls: Calls) -> Mapping[str, object]:
    return {"response": content, **_more(thinking, calls)}


def _more(thinking: str, calls: Calls) -> dict[str, object]:
    said: dict[str, object] = {"thinking": thinking} if thinking else {}
    return {**said, "tool_calls": calls} if calls else said


class OllamaEncoder:
    """`answer` puts what was said where the endpoint has it; `model` is the name that the caller used."""

    def __init__(
        self, card: ModelCard, *, answer: Answer, model: str | None, logprobs: bool, unloads: bool
    ) -> None:
        self._card = card
        self._answer = answer
        self._model = model or card.id
        self._logprobs = logprobs
        self._unloads = unloads
        self._inline = card.expose == "inline"
        self._drops = card.expose == "drop"
        self._kind: BlockKind = "text"
        self._call: BlockStart | None = None
        self._arguments: list[str] = []
        self._calls = 0

    def feed(self, choice: int, event: Event) -> bytes:
        match event:
            case BlockDelta():
                return self._delta(event)
            case BlockStart():
                return self._block_start(event)
            case BlockEnd():
                return self._block_end()
            case Finish():
                return line({**self._envelope(), **self._answer("", "", ()), **_end(event)})
            case Start() | PromptProgress():
                return b""
            case Failed():
                raise event.error
            case _:
                assert_never(event)

    def end(self) -> bytes:
        return b""

    def fail(self, error: MlxkError) -> bytes:
        return line(error_body(error))

    def body(self, completions: Sequence[Completion]) -> Json:
        """Without a completion the model was loaded or unloaded."""
        if not completions:
            reason = "unload" if self._unloads else "load"
            said = self._answer("", "", ())
            return {**self._envelope(), **said, "done": True, "done_reason": reason}
        (completion,) = completions
        content = "".join(self._visible(block) for block in completion.blocks)
        thinking = "" if self._inline or self._drops else completion.reasoning
        calls: list[Json] = []
        for block in completion.tool_calls:
            if (call := _call(len(calls), block.id, block.name, block.text)) is not None:
                calls.append(call)
        tokens = [
            token
            for block in completion.blocks
            if block.kind == "text" or (block.kind == "reasoning" and not self._drops)
            for token in block.logprobs
        ]
        return {
            **self._envelope(),
            **self._answer(content, thinking, calls),
            **self._logprob_fields(tokens),
            **_end(completion.finish),
        }

    def _block_start(self, start: BlockStart) -> bytes:
        self._kind = start.kind
        if start.kind == "tool_call":
            self._call, self._arguments = start, []
        if start.kind == "reasoning" and self._inline:
            return self._chunk(INLINE_START)
        return b""

    def _delta(self, delta: BlockDelta) -> bytes:
        if not delta.text and not delta.logprobs:
            return b""
        match self._kind:
            case "text":
                return self._chunk(delta.text, tokens=delta.logprobs)
            case "tool_call":
                self._arguments.append(delta.text)
                return b""
            case "reasoning" if self._drops:
                return b""
            case "reasoning" if self._inline:
                return self._chunk(delta.text, tokens=delta.logprobs)
            case "reasoning":
                return self._chunk("", delta.text, tokens=delta.logprobs)
            case _:
                assert_never(self._kind)

    def _block_end(self) -> bytes:
        if self._kind == "reasoning" and self._inline:
            return self._chunk(INLINE_END)
        if self._kind != "tool_call" or self._call is None:
            return b""
        call = _call(self._calls, self._call.id, self._call.name, "".join(self._arguments))
        if call is None:
            return b""
        self._calls += 1
        return self._chunk("", calls=(call,))

    def _chunk(
        self, content: str, thinking: str = "", calls: Calls = (), tokens: Sequence[TokenLogprob] = ()
    ) -> bytes:
        said = self._answer(content, thinking, calls)
        return line({**self._envelope(), **said, **self._logprob_fields(tokens), "done": False})

    def _visible(self, block: Block) -> str:
        if block.kind == "text":
            return block.text
        wraps = block.kind == "reasoning" and self._inline
        return f"{INLINE_START}{block.text}{INLINE_END}" if wraps else ""

    def _logprob_fields(self, tokens: Sequence[TokenLogprob]) -> dict[str, object]:
        if not self._logprobs or not tokens:
            return {}
        return {
            "logprobs": [{**_token(token), "top_logprobs": list(map(_token, token.top))} for token in tokens]
        }

    def _envelope(self) -> dict[str, object]:
        return {"model": self._model, "created_at": timestamp()}


def _call(index: int, call_id: str | None, name: str | None, arguments: str) -> Json | None:
    """A call whose arguments were cut off by the token limit is no call; `length` tells of it."""
    try:
        said = msgspec.json.decode(arguments or "{}", type=dict[str, object])
    except msgspec.MsgspecError:
        return None
    return {"id": call_id, "function": {"index": index, "name": name, "arguments": said}}


def _end(finish: Finish) -> dict[str, object]:
    """Durations in nanoseconds; those of loading, reading and writing are parts of the total."""
    reason = finished(finish)
    timings, usage = finish.timings, finish.usage
    reading = max(timings.first_token - timings.load - timings.queue, 0.0)
    return {
        "done": True,
        "done_reason": "length" if reason == "length" else "stop",
        "total_duration": _nanoseconds(timings.total),
        "load_duration": _nanoseconds(timings.load),
        "prompt_eval_count": usage.prompt_tokens,
        "prompt_eval_duration": _nanoseconds(reading),
        "eval_count": usage.completion_tokens,
        "eval_duration": _nanoseconds(max(timings.total - timings.first_token, 0.0)),
    }


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _token(token: TokenLogprob) -> dict[str, object]:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.token_bytes)}
