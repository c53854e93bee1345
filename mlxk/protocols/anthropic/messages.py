"""`POST /v1/messages`: https://docs.claude.com/en/api/messages."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, cast

import msgspec
from pydantic import BeforeValidator, Field

from mlxk.errors import (
    EngineError,
    Forbidden,
    MlxkError,
    ModelNotFound,
    Overloaded,
    PayloadTooLarge,
    RequestError,
    RouteNotFound,
    ThreadNotFound,
    Unauthorized,
)
from mlxk.protocols.anthropic.content import CacheControl, MessageBody, Text, joined, parse_messages
from mlxk.protocols.anthropic.encoder import MessagesEncoder
from mlxk.protocols.base import Json, ParsedRequest
from mlxk.protocols.validation import Body, Count, Spare, all_spared, only, problem, refuse, spared, validate
from mlxk.requests import (
    GenerationRequest,
    JsonSchema,
    Message,
    NamedToolChoice,
    ReasoningOptions,
    SamplingOverrides,
    Tool,
    ToolChoice,
)

STREAM_TYPE = "text/event-stream; charset=utf-8"
KEEP_ALIVE = b'event: ping\ndata: {"type":"ping"}\n\n'

_ERROR_TYPES: tuple[tuple[type[MlxkError], str], ...] = (
    (Unauthorized, "authentication_error"),
    (Forbidden, "permission_error"),
    (ModelNotFound, "not_found_error"),
    (RouteNotFound, "not_found_error"),
    (ThreadNotFound, "not_found_error"),
    (PayloadTooLarge, "request_too_large"),
    (Overloaded, "rate_limit_error"),
    (RequestError, "invalid_request_error"),
)


class Metadata(Body):
    user_id: str | None = None


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


_ONE_MODEL = "A model here answers for itself alone."
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


class MessagesBody(PromptBody):
    max_tokens: Annotated[int, Field(ge=1)]
    stop_sequences: list[Annotated[str, Field(min_length=1)]] | None = None
    stream: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Count | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    container: Annotated[None, refuse("There are no containers here.")] = None
    inference_geo: Annotated[str | None, Spare("This server computes where it stands.")] = None
    diagnostics: Annotated[dict[str, Any] | None, Spare("There are no diagnostics of prompt caches.")] = None
    fallbacks: Annotated[list[Any] | str | None, Spare(_ONE_MODEL, ([], "default"))] = None
    fallback_credit_token: str | None = None
    billing_policy: Any = None

    @property
    def omits_thinking(self) -> bool:
        return self.thinking is not None and self.thinking.display == "omitted"

    def sampling(self) -> SamplingOverrides:
        names = ("temperature", "top_p", "top_k")
        return cast(
            SamplingOverrides, {name: value for name in names if (value := getattr(self, name)) is not None}
        )


def parse(body: Json) -> ParsedRequest:
    """Raises `RequestError`.

    `max_tokens` must be said, and so clients say much: what does not fit the window is no error, and the
    answer tells when the window was full.
    """
    said = validate(MessagesBody, body)
    request = replace(
        said.request(),
        sampling=said.sampling(),
        max_tokens=said.max_tokens,
        fill_context=True,
        stop=None if said.stop_sequences is None else tuple(said.stop_sequences),
    )
    encoder = partial(
        MessagesEncoder,
        stops=tuple(said.stop_sequences or ()),
        omits=said.omits_thinking,
        error_body=error_body,
    )
    return ParsedRequest(said.model, bool(said.stream), (request,), encoder)


def error_body(error: MlxkError) -> Json:
    """Anthropic's error object. Messages that may name local things are told to the log alone."""
    told = isinstance(error, RequestError | EngineError)
    message = error.message if told else "The server had an error while processing the request."
    if told and error.param:
        message = f"{error.param}: {message}"
    if told and error.hint:
        message = f"{message.rstrip('.')}. {error.hint}"
    kind = next((name for known, name in _ERROR_TYPES if isinstance(error, known)), "api_error")
    # By this clients know which errors they can mend themselves.
    details = {"details": {"error_code": error.code}} if isinstance(error, ThreadNotFound) else {}
    return {"type": "error", "error": {"type": kind, "message": message, **details}, "request_id": None}
