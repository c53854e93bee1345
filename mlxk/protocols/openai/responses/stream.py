"""One item of an answer while it is said: `added`, its parts, their deltas, and `done`."""

from __future__ import annotations

from typing import assert_never

import msgspec

from mlxk.events import Block, BlockDelta, BlockStart, TokenLogprob
from mlxk.protocols.base import Json
from mlxk.protocols.openai.responses.items import Status
from mlxk.protocols.openai.responses.output import (
    ItemWriter,
    custom_input,
    delta_logprobs,
    reasoning_part,
    text_part,
)


class Frames:
    """Writes a stream's events, each with its number."""

    def __init__(self) -> None:
        self._sequence = 0

    def frame(self, kind: str, **said: object) -> bytes:
        body = {"type": kind, "sequence_number": self._sequence, **said}
        self._sequence += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode(body))


class ItemStream:
    """`index` is the item's place in the answer."""

    def __init__(
        self, frames: Frames, writer: ItemWriter, response: str, index: int, start: BlockStart
    ) -> None:
        self._frames = frames
        self._writer = writer
        self._start = start
        self._index = index
        self._texts: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._id = writer.id(response, index, self._block())
        self._custom = writer.is_custom(self._block())

    def begin(self) -> bytes:
        block = self._block()
        item = self._writer.item(self._id, block, "in_progress")
        added = self._frames.frame("response.output_item.added", output_index=self._index, item=item)
        match block.kind:
            case "text":
                return added + self._part("added", text_part(block))
            case "reasoning":
                return added + self._part("added", reasoning_part(block))
            case "tool_call":
                return added
            case _:
                assert_never(block.kind)

    def delta(self, delta: BlockDelta) -> bytes:
        self._texts.append(delta.text)
        self._logprobs += delta.logprobs
        match self._start.kind:
            case "text":
                logprobs = delta_logprobs(delta.logprobs)
                return self._frame("output_text.delta", content_index=0, delta=delta.text, logprobs=logprobs)
            case "reasoning":
                return self._frame("reasoning_text.delta", content_index=0, delta=delta.text)
            case "tool_call":
                # A custom tool's text is known when the arguments around it are whole.
                return b"" if self._custom else self._frame("function_call_arguments.delta", delta=delta.text)
            case _:
                assert_never(self._start.kind)

    def end_parts(self) -> bytes:
        """What follows the last delta, before it is known whether more was to come."""
        block = self._block()
        match block.kind:
            case "text":
                said = {"text": block.text, "logprobs": delta_logprobs(block.logprobs)}
                done = self._frame("output_text.done", content_index=0, **said)
                return done + self._part("done", text_part(block))
            case "reasoning":
                done = self._frame("reasoning_text.done", content_index=0, text=block.text)
                return done + self._part("done", reasoning_part(block))
            case "tool_call" if self._custom:
                text = custom_input(block.text)
                delta = self._frame("custom_tool_call_input.delta", delta=text)
                return delta + self._frame("custom_tool_call_input.done", input=text)
            case "tool_call":
                return self._frame("function_call_arguments.done", name=block.name, arguments=block.text)
            case _:
                assert_never(block.kind)

    def end(self, status: Status) -> tuple[bytes, Json]:
        """The last frame, and the whole item."""
        item = self._writer.item(self._id, self._block(), status)
        return self._frames.frame("response.output_item.done", output_index=self._index, item=item), item

    def _block(self) -> Block:
        start = self._start
        return Block(start.kind, "".join(self._texts), start.id, start.name, tuple(self._logprobs))

    def _part(self, event: str, part: Json) -> bytes:
        return self._frame(f"content_part.{event}", content_index=0, part=part)

    def _frame(self, kind: str, **said: object) -> bytes:
        return self._frames.frame(f"response.{kind}", item_id=self._id, output_index=self._index, **said)
