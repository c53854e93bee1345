"""The items of an input: messages, reasoning, calls and their outputs, and references to stored items.

An item that an answer had can be sent back as it came. Consecutive items of the assistant are one turn.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag

from mlxk.protocols.carrier import opened
from mlxk.protocols.openai.common import CacheBreakpoint
from mlxk.protocols.openai.parts import known_part, part_list
from mlxk.protocols.validation import Body, by, only, problem, refuse

_MEDIA = {
    "input_image": "Images are",
    "input_audio": "Audio is",
    "input_file": "Files are",
    "image_url": "Images are",
}
Status = Literal["in_progress", "completed", "incomplete"]


class InputText(Body):
    type: Literal["input_text"]
    text: str
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class OutputText(Body):
    """A part of an earlier answer; `parsed` is left over in clients that parse answers."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any] = Field(default_factory=list)
    logprobs: list[Any] | None = None
    parsed: Any = Field(default=None, exclude=True)


class Refusal(Body):
    type: Literal["refusal"]
    refusal: str


Part = Annotated[
    Annotated[InputText, Tag("<input_text>")]
    | Annotated[OutputText, Tag("<output_text>")]
    | Annotated[Refusal, Tag("<refusal>")],
    by("type"),
    BeforeValidator(known_part(_MEDIA, "input_text", "output_text")),
]


Parts = Annotated[
    list[Part], BeforeValidator(part_list("input_text"), json_schema_input_type=str | list[Part])
]


class MessageItem(Body):
    """`phase` labels parts of an answer for OpenAI's own models; templates have no place for it."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Parts
    id: str | None = None
    status: Status | None = None
    phase: Literal["commentary", "final_answer"] | None = None


class SummaryText(Body):
    type: Literal["summary_text"]
    text: str


class ReasoningText(Body):
    type: Literal["reasoning_text"]
    text: str


def _readable(value: object) -> object:
    """Only what this server wrote can be read here."""
    if isinstance(value, str) and opened(value) is None:
        raise problem("The encrypted content was not made by this server.")
    return value


class ReasoningItem(Body):
    type: Literal["reasoning"]
    id: str | None = None
    summary: list[SummaryText] = Field(default_factory=list)
    content: list[ReasoningText] | None = None
    encrypted_content: Annotated[str | None, BeforeValidator(_readable)] = None
    status: Status | None = None

    @property
    def text(self) -> str:
        if self.content:
            return "".join(part.text for part in self.content)
        if self.encrypted_content is not None:
            return opened(self.encrypted_content) or ""
        return "\n\n".join(part.text for part in self.summary)


class Caller(Body):
    """Who called a tool: the model itself."""

    type: Annotated[Literal["direct"], only("direct", reason="Calls that programs made are not supported.")]


Namespace = Annotated[None, refuse("Namespaces of tools are not supported.")]


class _CallItem(Body):
    call_id: str
    name: str
    id: str | None = None
    status: Status | None = None
    caller: Caller | None = None
    namespace: Namespace = None
    asynchronous: Annotated[
        bool | None, only(False, reason="Calls that are not waited for are not supported.")
    ] = Field(default=None, exclude=True, alias="async")


class FunctionCallItem(_CallItem):
    """`parsed_arguments` is left over in clients that parse answers."""

    type: Literal["function_call"]
    arguments: str
    parsed_arguments: Any = Field(default=None, exclude=True)


class CustomToolCallItem(_CallItem):
    type: Literal["custom_tool_call"]
    input: str


class _OutputItem(Body):
    """What a tool answered."""

    call_id: str
    output: Parts
    id: str | None = None
    name: str | None = None
    status: Status | None = None
    caller: Caller | None = None
    namespace: Namespace = None


class FunctionOutputItem(_OutputItem):
    type: Literal["function_call_output"]


class CustomOutputItem(_OutputItem):
    type: Literal["custom_tool_call_output"]


class ItemReference(Body):
    """An item of a stored response."""

    type: Literal["item_reference"] = "item_reference"
    id: str


_KNOWN = (
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "item_reference",
)


def _typed(value: object) -> object:
    """A message may go without its type, and so may a reference, which has nothing but an id."""
    if not isinstance(value, dict):
        raise problem("An input item must be an object.")
    if "type" not in value:
        return {**value, "type": "item_reference" if value.keys() == {"id"} else "message"}
    kind = value["type"]
    if kind not in _KNOWN:
        name = kind if isinstance(kind, str) else "?"
        raise problem(
            f"Input items of the type '{name[:80]}' are not supported.",
            field="type",
            hint=f"Supported: {', '.join(_KNOWN)}.",
            unsupported=True,
        )
    return value


Item = Annotated[
    Annotated[MessageItem, Tag("<message>")]
    | Annotated[ReasoningItem, Tag("<reasoning>")]
    | Annotated[FunctionCallItem, Tag("<function_call>")]
    | Annotated[FunctionOutputItem, Tag("<function_call_output>")]
    | Annotated[CustomToolCallItem, Tag("<custom_tool_call>")]
    | Annotated[CustomOutputItem, Tag("<custom_tool_call_output>")]
    | Annotated[ItemReference, Tag("<item_reference>")],
    by("type"),
    BeforeValidator(_typed),
]


def _items(value: object) -> object:
    """A string is short for one message of the user."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list):
        raise problem("The input must be a string or a list of items.")
    return value


Items = Annotated[list[Item], BeforeValidator(_items, json_schema_input_type=str | list[Item])]


def joined(parts: list[Part]) -> str:
    return "".join(part.refusal if isinstance(part, Refusal) else part.text for part in parts)
