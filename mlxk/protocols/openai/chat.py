"""`POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat/create.

Beyond the dialect: `reasoning` and `reasoning_content` of messages, `reasoning` options,
`chat_template_kwargs`, `continue_final_message`, and the sampling fields of `GenerationFields`.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from mlxk.errors import RequestError
from mlxk.protocols.base import Json, ParsedRequest
from mlxk.protocols.openai.chat_encoder import ChatEncoder
from mlxk.protocols.openai.common import (
    KEEP_ALIVE,
    STREAM_TYPE,
    CacheOptions,
    GenerationFields,
    error_body,
)
from mlxk.protocols.openai.messages import AnyMessage, parse_messages
from mlxk.protocols.openai.tools import FormatBody, OptionalChoice, ToolBody, choose, parse_tools
from mlxk.protocols.validation import Body, Count, Spare, only, refuse, spared, validate
from mlxk.requests import GenerationRequest, ReasoningEffort, ReasoningOptions

__all__ = ["KEEP_ALIVE", "STREAM_TYPE", "error_body", "parse"]


class ReasoningBody(Body):
    """Options of thinking as several servers take them; `max_tokens` is the budget."""

    enabled: bool | None = None
    effort: ReasoningEffort | None = None
    max_tokens: Count | None = None


class ChatBody(GenerationFields):
    messages: Annotated[list[AnyMessage], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: list[ToolBody] | None = None
    tool_choice: OptionalChoice = None
    parallel_tool_calls: bool | None = None
    response_format: FormatBody | None = None
    reasoning_effort: ReasoningEffort | None = None
    reasoning: ReasoningBody | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    continue_final_message: bool | None = None
    modalities: Annotated[
        list[Literal["text"]] | None, only(["text"], reason="Only the modality 'text' is supported.")
    ] = None
    prompt_cache_retention: Literal["in_memory", "in-memory", "24h"] | None = None
    prompt_cache_options: CacheOptions | None = None
    verbosity: Annotated[
        Literal["low", "medium", "high"] | None,
        Spare("Verbosity other than 'medium' is not supported.", ("medium",)),
    ] = None
    audio: Annotated[None, refuse("Audio output is not supported.")] = None
    functions: Annotated[None, refuse("'functions' is obsolete: use 'tools'.")] = None
    function_call: Annotated[None, refuse("'function_call' is obsolete: use 'tool_choice'.")] = None
    prediction: Annotated[dict[str, Any] | None, Spare("Predicted outputs are not supported.")] = None
    web_search_options: Annotated[dict[str, Any] | None, Spare("Web search is not supported.")] = None
    moderation: Annotated[dict[str, Any] | None, Spare("Moderation is not supported.")] = None

    @property
    def limit(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def wanted_logprobs(self) -> int | None:
        return (self.top_logprobs or 0) if self.logprobs else None

    def options(self) -> ReasoningOptions:
        said = self.reasoning or ReasoningBody()
        return ReasoningOptions(said.enabled, self.reasoning_effort or said.effort, said.max_tokens)

    def check(self) -> None:
        super().check()
        if self.top_logprobs is not None and not self.logprobs:
            raise RequestError("'top_logprobs' needs 'logprobs' to be true.", param="top_logprobs")
        if None not in (self.max_tokens, self.max_completion_tokens) and self.max_tokens != self.limit:
            raise RequestError(
                "'max_tokens' and 'max_completion_tokens' are two names of one limit, and they differ.",
                param="max_completion_tokens",
            )
        effort = self.reasoning.effort if self.reasoning else None
        if None not in (effort, self.reasoning_effort) and effort != self.reasoning_effort:
            raise RequestError("'reasoning_effort' and 'reasoning.effort' differ.", param="reasoning.effort")
        if self.continue_final_message and self.messages[-1].role != "assistant":
            raise RequestError(
                "'continue_final_message' needs an assistant message at the end.",
                param="continue_final_message",
            )


def parse(body: Json) -> ParsedRequest:
    """Each of the `n` choices is a generation of its own; raises `RequestError`."""
    said = validate(ChatBody, body)
    said.check()
    messages = parse_messages(said.messages)
    tools, choice = choose(parse_tools(said.tools), said.tool_choice)
    left_out = tuple(spared(said))
    response_format = said.response_format.response_format() if said.response_format else None
    generations = tuple(
        GenerationRequest(
            messages=messages,
            model=said.model or "",
            tools=tools,
            tool_choice=choice,
            parallel_tool_calls=said.parallel_tool_calls,
            sampling=said.sampling(),
            max_tokens=said.limit,
            stop=said.stops,
            response_format=response_format,
            reasoning=said.options(),
            chat_template_kwargs=said.chat_template_kwargs or {},
            top_logprobs=said.wanted_logprobs,
            continue_final=bool(said.continue_final_message),
            unsupported=left_out,
            choice=index,
        )
        for index in range(said.choices)
    )
    encoder = partial(
        ChatEncoder,
        include_usage=said.include_usage,
        choices=said.choices,
        logprobs=bool(said.logprobs),
        service_tier=said.service_tier is not None,
    )
    return ParsedRequest(said.model or "", said.streams, generations, encoder)
