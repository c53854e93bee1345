"""Events to responses and their streams: https://platform.openai.com/docs/api-reference/responses-streaming.

Whether the last item is complete is known when generation ends: its `done` waits for that. Reasoning is an
item of its own unless the profile drops it. A stream that breaks off tells the error and the failed response.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from mlxk.errors import MlxkError, Overloaded, RequestError
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
    Settings,
    Start,
    Usage,
)
from mlxk.protocols.base import Json, ModelCard, finished
from mlxk.protocols.openai.common import error_body
from mlxk.protocols.openai.responses.items import Status
from mlxk.protocols.openai.responses.output import ItemWriter, id_of, usage_body
from mlxk.protocols.openai.responses.stream import Frames, ItemStream


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer needs of its request: `told` it repeats; `keep` is given the whole response."""

    told: Json
    writer: ItemWriter
    keep: Callable[[Json], None]


class ResponsesEncoder:
    def __init__(self, card: ModelCard, *, asked: Asked) -> None:
        self._drops = card.expose == "drop"
        self._asked = asked
        self._frames = Frames()
        self._start: Start | None = None
        self._item: ItemStream | None = None
        self._hidden = False
        self._output: list[Json] = []

    def feed(self, choice: int, event: Event) -> bytes:
        match event:
            case BlockDelta():
                return b"" if self._hidden or self._item is None else self._item.delta(event)
            case BlockStart():
                return self._end_item("completed") + self._begin_item(event)
            case BlockEnd():
                return b"" if self._hidden or self._item is None else self._item.end_parts()
            case PromptProgress():
                return b""
            case Start():
                self._start = event
                body = self._response(event, "in_progress", [])
                created = self._frames.frame("response.created", response=body)
                return created + self._frames.frame("response.in_progress", response=body)
            case Finish():
                return self._end_item(_status(event)) + self._end_response(event)
            case Failed():
                raise event.error
            case _:
                assert_never(event)

    def end(self) -> bytes:
        return b""

    def fail(self, error: MlxkError) -> bytes:
        told = error_body(error)["error"]
        assert isinstance(told, dict)  # noqa: S101 - OpenAI's error object
        said = {name: told[name] for name in ("code", "message", "param")}
        frames = self._frames.frame("error", **said)
        if self._start is None:
            return frames
        response = self._response(self._start, "failed", self._output)
        response["error"] = {"code": _failure(error), "message": told["message"]}
        self._asked.keep(response)
        return frames + self._frames.frame("response.failed", response=response)

    def body(self, completions: Sequence[Completion]) -> Json:
        (completion,) = completions
        shown = [block for block in completion.blocks if not self._hides(block.kind)]
        writer, name = self._asked.writer, id_of(completion.start)
        last, end = len(shown) - 1, _status(completion.finish)
        output = [
            writer.item(writer.id(name, index, block), block, end if index == last else "completed")
            for index, block in enumerate(shown)
        ]
        return self._over(completion.start, completion.finish, output)

    def _hides(self, kind: BlockKind) -> bool:
        return self._drops and kind == "reasoning"

    def _begin_item(self, start: BlockStart) -> bytes:
        self._hidden = self._hides(start.kind)
        if self._hidden:
            return b""
        assert self._start is not None  # noqa: S101 - the event grammar: Start comes first
        self._item = ItemStream(
            self._frames, self._asked.writer, id_of(self._start), len(self._output), start
        )
        return self._item.begin()

    def _end_item(self, status: Status) -> bytes:
        if self._item is None:
            return b""
        frame, item = self._item.end(status)
        self._item = None
        self._output.append(item)
        return frame

    def _end_response(self, finish: Finish) -> bytes:
        assert self._start is not None  # noqa: S101 - the event grammar: Start comes first
        response = self._over(self._start, finish, self._output)
        return self._frames.frame(f"response.{response['status']}", response=response)

    def _over(self, start: Start, finish: Finish, output: Sequence[Json]) -> Json:
        """A response that ended as it should, and is kept."""
        status = _status(finish)
        response = self._response(start, status, output)
        response["usage"] = usage_body(finish.usage)
        if status == "incomplete":
            response["incomplete_details"] = {"reason": "max_output_tokens"}
        else:
            response["completed_at"] = start.created + int(finish.timings.total)
        self._asked.keep(response)
        return response

    def _response(self, start: Start, status: str, output: Sequence[Json]) -> dict[str, object]:
        return {
            "id": id_of(start),
            "object": "response",
            "created_at": start.created,
            "completed_at": None,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": start.model,
            "output": list(output),
            "usage": usage_body(Usage(start.prompt_tokens, 0)),
            **self._asked.told,
            **({} if start.settings is None else _used(self._asked.told, start.settings)),
        }


def _used(told: Json, settings: Settings) -> Json:
    """What the answer really was made with, where the request left it open or had it changed."""
    reasoning, text = told["reasoning"], told["text"]
    assert isinstance(reasoning, dict)  # noqa: S101 - OpenAI's objects
    assert isinstance(text, dict)  # noqa: S101
    if settings.schema is not None and text["format"]["type"] == "text":
        # The profile's, which OpenAI's answers have no other place for.
        schema = {"name": "profile", "description": "", "schema": settings.schema, "strict": True}
        text = {**text, "format": {"type": "json_schema", **schema}}
    return {
        "frequency_penalty": settings.frequency_penalty,
        "max_output_tokens": settings.max_tokens,
        "presence_penalty": settings.presence_penalty,
        "reasoning": {**reasoning, "effort": settings.effort},
        "temperature": settings.temperature,
        "text": text,
        "top_p": settings.top_p,
        "truncation": "auto" if settings.truncates else "disabled",
    }


def _status(finish: Finish) -> Status:
    return "incomplete" if finished(finish) == "length" else "completed"


def _failure(error: MlxkError) -> str:
    match error:
        case Overloaded():
            return "rate_limit_exceeded"
        case RequestError():
            return "invalid_prompt"
        case _:
            return "server_error"
