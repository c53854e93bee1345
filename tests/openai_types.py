"""OpenAI's own types as a strict measure: wrong types, missing fields and unknown fields are found.

The official client's models forgive: they keep unknown fields, and give a default to fields that OpenAI's
document requires though they may be null, or do not know them. `REQUIRED` names those, as
https://github.com/openai/openai-openapi has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from openai.types import Completion, CompletionChoice, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.responses import (
    Response,
    ResponseErrorEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseOutputText,
    ResponseStreamEvent,
)
from pydantic import BaseModel, TypeAdapter

CHAT: TypeAdapter[Any] = TypeAdapter(ChatCompletion)
CHAT_CHUNK: TypeAdapter[Any] = TypeAdapter(ChatCompletionChunk)
COMPLETION: TypeAdapter[Any] = TypeAdapter(Completion)
MODEL: TypeAdapter[Any] = TypeAdapter(Model)
RESPONSE: TypeAdapter[Any] = TypeAdapter(Response)
RESPONSE_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

REQUIRED: dict[type[BaseModel], Collection[str]] = {
    ChatCompletionMessage: ("role", "content", "refusal"),
    Choice: ("finish_reason", "index", "message", "logprobs"),
    ChunkChoice: ("delta", "finish_reason", "index"),
    CompletionChoice: ("finish_reason", "index", "logprobs", "text"),
    Response: (
        "id",
        "object",
        "created_at",
        "error",
        "incomplete_details",
        "instructions",
        "model",
        "tools",
        "output",
        "parallel_tool_calls",
        "metadata",
        "tool_choice",
        "temperature",
        "top_p",
    ),
    ResponseOutputText: ("type", "text", "annotations", "logprobs"),
    ResponseFunctionCallArgumentsDoneEvent: ("type", "name", "arguments", "item_id", "output_index"),
    ResponseErrorEvent: ("type", "code", "message", "param", "sequence_number"),
}


def check(kind: TypeAdapter[Any], body: Any, *, also: Collection[str] = ()) -> None:
    """Hold a body against OpenAI's type. `also` are the fields that extend the dialect on purpose."""
    parsed = kind.validate_python(body, strict=True)
    wrong = [problem for problem in problems(parsed) if problem.rpartition(".")[2] not in also]
    assert wrong == [], body


def problems(value: object, path: str = "") -> Iterator[str]:
    """The paths of fields that are unknown, or missing though they are required."""
    if isinstance(value, BaseModel):
        required = REQUIRED.get(type(value), ())
        yield from (f"unknown {path}.{name}" for name in value.model_extra or () if name not in required)
        yield from (f"missing {path}.{name}" for name in required if name not in value.model_fields_set)
        for name in value.model_fields_set - set(value.model_extra or ()):
            yield from problems(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from problems(item, f"{path}[{index}]")
