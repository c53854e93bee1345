"""The part of a messages body that a prompt is made of: messages, tools, thinking, the answer's form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BeforeValidator, Field

from mlxk.errors import RequestError, ThreadNotFound
from mlxk.protocols.anthropic.content import CacheControl, MessageBody, Text, joined, parse_messages
from mlxk.protocols.validation import Body, Count, Spare, all_spared, only, problem, refuse, spared
from mlxk.requests import (
    GenerationRequest,
    JsonSchema,
    Message,
    NamedToolChoice,
    ReasoningOptions,
    Tool,
    ToolChoice,
)


def _own(value: object) -> object:
    """Tools that Anthropic runs or trained its models for are refused by name."""
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind != "custom":
        raise problem(
            f"The built-in tool '{kind[:80]}' is not available on this server.",
            field="type",
            hint="Declare tools of your own.",
            unsupported=True,
        )
    return value


class ToolBody(Body):
    """Inputs are streamed as they are written, whether that is asked for or not."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]
    input_schema: dict[str, Any]
    description: str | None = None
    strict: bool | None = None
    type: Literal["custom"] | None = None
    cache_control: CacheControl | None = None
    eager_input_streaming: bool | None = None
    defer_loading: Annotated[bool | None, Spare("All tools are shown to the model at once.", (False,))] = None
    allowed_callers: Annotated[
        list[str] | None, only(["direct"], reason="Tools are called by the model alone.")
    ] = None
    input_examples: list[dict[str, Any]] | None = None

    def tool(self) -> Tool:
        described = self.description or ""
        if self.input_examples:
            # Templates have no other place for them.
            lines = (msgspec.json.encode(example).decode() for example in self.input_examples)
            described = "\n".join((described, "Examples of its input:", *lines)).lstrip()
        return Tool(self.name, described, self.input_schema, bool(self.strict))


class ChoiceBody(Body):
    type: Literal["auto", "any", "none", "tool"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class ThinkingBody(Body):
    """Thinking that is to be summarised is shown as a whole."""

    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: Count | None = None
    display: Literal["summarized", "omitted"] | None = None


class FormatBody(Body):
    """`schema` is a name that pydantic's models use themselves."""

    type: Literal["json_schema"]
    body: dict[str, Any] = Field(alias="schema")


class OutputBody(Body):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: FormatBody | None = None


_ALL_KEPT: tuple[dict[str, Any], ...] = (
    {"edits": []},
    {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
)


class ThreadBody(Body):
    """No conversation is kept: one that is carried on is not found, whereupon clients send all of it."""

    type: Literal["create", "continue"]
    previous_message_id: str | None = None


class PromptBody(Body):
    """The part of a body that a prompt is made of. An assistant message at the end is one to carry on.

    Who pays for a request and how fast it should be says nothing about its answer.
    """

    model: str
    messages: Annotated[list[MessageBody], Field(min_length=1)]
    system: Text | None = None
    thinking: ThinkingBody | None = None
    tools: list[Annotated[ToolBody, BeforeValidator(_own)]] | None = None
    tool_choice: ChoiceBody | None = None
    output_config: OutputBody | None = None
    cache_control: CacheControl | None = None
    speed: Literal["standard", "fast"] | None = None
    user_profile_id: str | None = None
    workspace_id: str | None = None
    context_management: Annotated[
        dict[str, Any] | None,
        Spare("The context is not edited here: the profile's `tokens.overflow` decides.", _ALL_KEPT),
    ] = None
    mcp_servers: Annotated[list[Any] | None, only([], reason="This server calls no MCP servers.")] = None
    compaction: Annotated[None, refuse("Conversations are not summarised here.")] = None
    thread: ThreadBody | None = None

    def request(self) -> GenerationRequest:
        """Raises `RequestError`."""
        if self.thread is not None and self.thread.type == "continue":
            raise ThreadNotFound("Conversations are not kept here: send all messages.", param="thread")
        system = (Message("system", joined(self.system)),) if self.system else ()
        tools = tuple(tool.tool() for tool in self.tools or ())
        parallel = self.tool_choice.disable_parallel_tool_use if self.tool_choice else None
        wanted = self.output_config.format if self.output_config else None
        return GenerationRequest(
            messages=(*system, *parse_messages(self.messages)),
            model=self.model,
            tools=tools,
            tool_choice=self.choice(tools),
            parallel_tool_calls=None if parallel is None else not parallel,
            response_format=JsonSchema(wanted.body) if wanted else None,
            reasoning=self.options(),
            continue_final=self.messages[-1].role == "assistant",
            unsupported=(*spared(self), *all_spared(self.tools, "tools")),
        )

    def choice(self, tools: tuple[Tool, ...]) -> ToolChoice:
        said = self.tool_choice or ChoiceBody(type="auto")
        if said.type in ("any", "tool") and not tools:
            raise RequestError("'tool_choice' needs 'tools'.", param="tool_choice")
        if said.type != "tool":
            return "required" if said.type == "any" else said.type
        if said.name not in [tool.name for tool in tools]:
            raise RequestError("No tool has this name.", param="tool_choice.name")
        return NamedToolChoice(said.name or "")

    def options(self) -> ReasoningOptions:
        effort = self.output_config.effort if self.output_config else None
        if self.thinking is None or self.thinking.type == "adaptive":
            return ReasoningOptions(effort=effort)
        if (self.thinking.type == "enabled") != (self.thinking.budget_tokens is not None):
            raise RequestError(
                "'budget_tokens' must stand with the type 'enabled', and only there.",
                param="thinking.budget_tokens",
            )
        return ReasoningOptions(self.thinking.type == "enabled", effort, self.thinking.budget_tokens)
