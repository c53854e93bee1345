"""The messages of a body: blocks of text, thinking, tool calls and their results."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BeforeValidator, Field, Tag

from mlxk.errors import RequestError
from mlxk.protocols.carrier import opened
from mlxk.protocols.validation import Body, by, only, problem, refuse
from mlxk.requests import Message, ToolCall

_MEDIA = {"image": "Images are", "document": "Documents are", "search_result": "Search results are"}
_KNOWN = ("text", "thinking", "tool_use", "tool_result")


class CacheControl(Body):
    """A hint that costs nothing here: prompts are cached anyhow."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class TextBlock(Body):
    type: Literal["text"]
    text: str
    cache_control: CacheControl | None = None
    citations: Annotated[list[Any] | None, only([], reason="Citations are not supported.")] = None


class ThinkingBlock(Body):
    """The signature of thinking that was left out of an answer carries it."""

    type: Literal["thinking"]
    thinking: str
    signature: str = ""

    @property
    def thought(self) -> str:
        return self.thinking or opened(self.signature) or ""


class Caller(Body):
    """Who called a tool: the model itself."""

    type: Annotated[Literal["direct"], only("direct", reason="Calls that programs made are not supported.")]


Toolset = Annotated[None, refuse("There are no toolsets here.")]


class ToolUseBlock(Body):
    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]
    cache_control: CacheControl | None = None
    caller: Caller | None = None
    toolset_name: Toolset = None


def _known_block(value: object) -> object:
    """Media are refused by name, whatever else the block holds."""
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in _MEDIA:
        raise problem(f"{_MEDIA[kind]} not supported: this server reads text only.", unsupported=True)
    if kind not in _KNOWN:
        raise problem(
            f"A content block must be an object whose type is one of {', '.join(_KNOWN)}.", field="type"
        )
    return value


def _known_text(value: object) -> object:
    if isinstance(_known_block(value), dict) and isinstance(value, dict) and value["type"] != "text":
        raise problem("Only text blocks can stand here.", field="type")
    return value


def _blocks(content: object) -> object:
    """A string is short for one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise problem("The content must be a string or a list of content blocks.")
    return content


Text = Annotated[
    list[Annotated[TextBlock, BeforeValidator(_known_text)]],
    BeforeValidator(_blocks, json_schema_input_type=str | list[TextBlock]),
]


class ToolResultBlock(Body):
    """Templates have no place for `is_error`: the content tells it to the model."""

    type: Literal["tool_result"]
    tool_use_id: str
    content: Text = Field(default_factory=list)
    is_error: bool | None = None
    cache_control: CacheControl | None = None
    toolset_name: Toolset = None


Block = Annotated[
    Annotated[TextBlock, Tag("<text>")]
    | Annotated[ThinkingBlock, Tag("<thinking>")]
    | Annotated[ToolUseBlock, Tag("<tool_use>")]
    | Annotated[ToolResultBlock, Tag("<tool_result>")],
    by("type"),
    BeforeValidator(_known_block),
]


class MessageBody(Body):
    """One of the role `system` tells the model something in the middle of a conversation."""

    role: Literal["user", "assistant", "system"]
    content: Annotated[list[Block], BeforeValidator(_blocks, json_schema_input_type=str | list[Block])]


def joined(blocks: list[TextBlock]) -> str:
    return "".join(block.text for block in blocks)


def parse_messages(bodies: list[MessageBody]) -> tuple[Message, ...]:
    """A user's tool results come before its text, each as a message of its own; raises `RequestError`."""
    names: dict[str, str] = {}
    messages: list[Message] = []
    for index, body in enumerate(bodies):
        if body.role == "assistant":
            message = _assistant(body.content, index)
            names |= {call.id: call.name for call in message.tool_calls}
            messages.append(message)
        elif body.role == "system":
            messages.append(Message("system", joined(_texts(body.content, index))))
        else:
            messages += _user(body.content, names, index)
    return tuple(messages)


def _texts(blocks: list[Block], index: int) -> list[TextBlock]:
    texts = []
    for position, block in enumerate(blocks):
        if not isinstance(block, TextBlock):
            raise _misplaced(index, position, "A message of the system has text only.")
        texts.append(block)
    return texts


def _assistant(blocks: list[Block], index: int) -> Message:
    text, thinking, calls = "", None, []
    for position, block in enumerate(blocks):
        match block:
            case TextBlock():
                text += block.text
            case ThinkingBlock():
                thinking = (thinking or "") + block.thought
            case ToolUseBlock():
                calls.append(ToolCall(block.id, block.name, msgspec.json.encode(block.input).decode()))
            case ToolResultBlock():
                raise _misplaced(index, position, "A tool result belongs into a message of the user.")
    return Message("assistant", text, reasoning=thinking, tool_calls=tuple(calls))


def _user(blocks: list[Block], names: dict[str, str], index: int) -> list[Message]:
    texts: list[TextBlock] = []
    results: list[Message] = []
    for position, block in enumerate(blocks):
        match block:
            case TextBlock():
                texts.append(block)
            case ToolResultBlock():
                name = names.get(block.tool_use_id)
                if name is None:
                    raise _misplaced(index, position, "A tool result must answer an earlier tool_use block.")
                content = ("Error: " if block.is_error else "") + joined(block.content)
                results.append(Message("tool", content, tool_call_id=block.tool_use_id, name=name))
            case ThinkingBlock() | ToolUseBlock():
                raise _misplaced(index, position, "This block belongs into a message of the assistant.")
    return [*results, Message("user", joined(texts))] if texts or not results else results


def _misplaced(index: int, position: int, message: str) -> RequestError:
    return RequestError(message, param=f"messages[{index}].content[{position}]")
