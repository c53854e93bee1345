"""The messages of a chat body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Tag

from mlxk.errors import RequestError
from mlxk.protocols.openai.common import CacheBreakpoint
from mlxk.protocols.openai.parts import known_part, part_list
from mlxk.protocols.validation import Body, by, problem, refuse
from mlxk.requests import Message, ToolCall

_MEDIA = {
    "image_url": "Images are",
    "input_audio": "Audio is",
    "file": "Files are",
    "video_url": "Video is",
}


class CacheControl(Body):
    """Anthropic's hint in OpenAI's form, as LiteLLM has it. It costs nothing: all prompts are cached."""

    type: Literal["ephemeral"]
    ttl: str | None = None


class TextPart(Body):
    type: Literal["text"]
    text: str
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class RefusalPart(Body):
    type: Literal["refusal"]
    refusal: str


Part = Annotated[
    Annotated[TextPart, Tag("<text>")] | Annotated[RefusalPart, Tag("<refusal>")],
    by("type"),
    BeforeValidator(known_part(_MEDIA, "text")),
]


_parts = part_list("text")
Content = Annotated[list[Part], BeforeValidator(_parts, json_schema_input_type=str | list[Part])]


def _or_null(content: object) -> object:
    return None if content is None else _parts(content)


OptionalContent = Annotated[
    list[Part] | None, BeforeValidator(_or_null, json_schema_input_type=str | list[Part] | None)
]


class Function(Body):
    name: str
    arguments: str


class Call(Body):
    """A call the assistant made. `index` is left over in clients that fold streams, `caller` in LiteLLM from
    Anthropic's form.
    """

    id: str
    type: Literal["function"] = "function"
    function: Function
    index: int | None = None
    caller: dict[str, Any] | None = None


class SystemMessage(Body):
    role: Literal["system"]
    content: Content
    name: str | None = None

    def message(self) -> Message:
        return Message("system", joined(self.content), name=self.name)


class DeveloperMessage(Body):
    role: Literal["developer"]
    content: Content
    name: str | None = None

    def message(self) -> Message:
        return Message("developer", joined(self.content), name=self.name)


class UserMessage(Body):
    role: Literal["user"]
    content: Content
    name: str | None = None

    def message(self) -> Message:
        return Message("user", joined(self.content), name=self.name)


class AssistantMessage(Body):
    """An earlier answer, also as servers and clients hand it out: with reasoning, refusal, annotations.

    `provider_specific_fields` and `thinking_blocks` are LiteLLM's, and repeat what the others say.
    """

    role: Literal["assistant"]
    content: OptionalContent = None
    name: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[Call] | None = None
    annotations: list[Any] | None = None
    provider_specific_fields: dict[str, Any] | None = None
    thinking_blocks: list[Any] | None = None
    audio: Annotated[None, refuse("Audio is not supported: this server reads text only.")] = None
    function_call: Annotated[None, refuse("'function_call' is obsolete: use 'tool_calls'.")] = None

    def message(self) -> Message:
        calls = tuple(
            ToolCall(call.id, call.function.name, call.function.arguments) for call in self.tool_calls or ()
        )
        content = self.refusal or "" if self.content is None else joined(self.content)
        reasoning = self.reasoning_content if self.reasoning is None else self.reasoning
        return Message("assistant", content, reasoning=reasoning, tool_calls=calls, name=self.name)


class ToolMessage(Body):
    role: Literal["tool"]
    content: Content
    tool_call_id: str
    name: str | None = None

    def message(self) -> Message:
        return Message("tool", joined(self.content), tool_call_id=self.tool_call_id, name=self.name)


def _known_role(value: object) -> object:
    role = value.get("role") if isinstance(value, dict) else None
    if role not in ("system", "developer", "user", "assistant", "tool"):
        raise problem("The role must be one of system, developer, user, assistant, tool.", field="role")
    return value


AnyMessage = Annotated[
    Annotated[SystemMessage, Tag("<system>")]
    | Annotated[DeveloperMessage, Tag("<developer>")]
    | Annotated[UserMessage, Tag("<user>")]
    | Annotated[AssistantMessage, Tag("<assistant>")]
    | Annotated[ToolMessage, Tag("<tool>")],
    by("role"),
    BeforeValidator(_known_role),
]


def joined(parts: Iterable[TextPart | RefusalPart]) -> str:
    return "".join(part.text if isinstance(part, TextPart) else part.refusal for part in parts)


def parse_messages(messages: list[AnyMessage]) -> tuple[Message, ...]:
    """Messages in the order given; a tool's answer gets the name of the call it answers."""
    names: dict[str, str] = {}
    parsed = []
    for index, said in enumerate(messages):
        message = said.message()
        if isinstance(said, AssistantMessage):
            _check_assistant(said, index)
            names |= {call.id: call.name for call in message.tool_calls}
        elif isinstance(said, ToolMessage):
            message = _answer(message, said, names, index)
        parsed.append(message)
    return tuple(parsed)


def _check_assistant(said: AssistantMessage, index: int) -> None:
    spoken = (said.content, said.refusal, said.reasoning, said.reasoning_content, said.tool_calls)
    if all(part is None for part in spoken):
        raise RequestError(
            "An assistant message needs content or tool_calls.", param=f"messages[{index}].content"
        )
    both = (said.reasoning, said.reasoning_content)
    if None not in both and said.reasoning != said.reasoning_content:
        raise RequestError(
            "'reasoning' and 'reasoning_content' are two names of one field, and they differ.",
            param=f"messages[{index}].reasoning_content",
        )


def _answer(message: Message, said: ToolMessage, names: dict[str, str], index: int) -> Message:
    if said.tool_call_id not in names:
        raise RequestError(
            "A message with role 'tool' must answer a tool call of an earlier assistant message.",
            param=f"messages[{index}].tool_call_id",
        )
    return Message(
        "tool",
        message.content,
        tool_call_id=said.tool_call_id,
        name=said.name or names[said.tool_call_id],
    )
