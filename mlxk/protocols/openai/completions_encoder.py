"""Events to text completions and their chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec

from mlxk.events import (
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
from mlxk.protocols.openai.choices import INLINE_END, INLINE_START, ChoicesEncoder
from mlxk.protocols.openai.common import frame

_encode = msgspec.json.encode


class _Choice:
    """What a stream must remember of one choice: the open block and how much text there was."""

    def __init__(self) -> None:
        self.kind: BlockKind = "text"
        self.offset = 0


class CompletionsEncoder(ChoicesEncoder):
    """`echoes` holds the text that each choice's answer begins with."""

    ID_PREFIX = "cmpl-"
    WHOLE = CHUNK = "text_completion"

    def __init__(
        self, card: ModelCard, *, include_usage: bool, echoes: tuple[str, ...], per_prompt: int
    ) -> None:
        super().__init__(card, include_usage=include_usage, per_prompt=per_prompt)
        self._echoes = echoes
        self._choices: dict[int, _Choice] = {}

    def feed(self, choice: int, event: Event) -> bytes:
        match event:
            case BlockDelta():
                return self._delta(choice, event)
            case Start():
                self._choices[choice] = _Choice()
                self._start = self._start or event
                return self._text(choice, self._echoes[choice])
            case BlockStart():
                self._choices[choice].kind = event.kind
                return self._text(choice, INLINE_START) if self._wraps(choice) else b""
            case BlockEnd():
                return self._text(choice, INLINE_END) if self._wraps(choice) else b""
            case Finish():
                self._usages[choice] = event.usage
                return self._chunk(choice, {"text": ""}, reason=finished(event))
            case PromptProgress():
                return b""
            case Failed():
                raise event.error
            case _:
                assert_never(event)

    def _wraps(self, choice: int) -> bool:
        return self._inline and self._choices[choice].kind == "reasoning"

    def _delta(self, choice: int, delta: BlockDelta) -> bytes:
        if self._choices[choice].kind == "reasoning" and not self._inline:
            if not self._reasoning_fields or not delta.text:
                return b""
            return self._chunk(choice, {"text": "", **dict.fromkeys(self._reasoning_fields, delta.text)})
        return self._text(choice, delta.text, delta.logprobs)

    def _text(self, choice: int, text: str, tokens: Sequence[TokenLogprob] = ()) -> bytes:
        state = self._choices[choice]
        if not text and not tokens:
            return b""
        logprobs = _logprobs(tokens, state.offset) if tokens else None
        state.offset += len(text)
        return self._chunk(choice, {"text": text}, logprobs=logprobs)

    def _chunk(
        self, choice: int, said: Json, *, logprobs: Json | None = None, reason: str | None = None
    ) -> bytes:
        assert self._start is not None  # noqa: S101 - the event grammar: Start comes first
        chunk: dict[str, object] = {
            **self._envelope(self._start, self.CHUNK),
            "choices": [{"index": choice, **said, "logprobs": logprobs, "finish_reason": reason}],
        }
        if self._include_usage:
            chunk["usage"] = None
        return frame(chunk)

    def _whole(self, index: int, completion: Completion) -> Json:
        text = self._echoes[index]
        tokens: list[TokenLogprob] = []
        for block in completion.blocks:
            if block.kind == "reasoning" and not self._inline:
                continue
            wrapped = block.kind == "reasoning"
            text += f"{INLINE_START}{block.text}{INLINE_END}" if wrapped else block.text
            tokens.extend(block.logprobs)
        choice: dict[str, object] = {
            "index": index,
            "text": text,
            "logprobs": _logprobs(tokens, len(self._echoes[index])) if tokens else None,
            "finish_reason": finished(completion.finish),
        }
        if completion.reasoning and not self._inline:
            choice |= dict.fromkeys(self._reasoning_fields, completion.reasoning)
        return choice


def _logprobs(tokens: Sequence[TokenLogprob], offset: int) -> Json:
    """The older form of log-probabilities; `offset` counts characters of the choice's text."""
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.token)
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{top.token: top.logprob for top in token.top} for token in tokens],
        "text_offset": offsets,
    }
