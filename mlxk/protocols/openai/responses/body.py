"""The body of `POST /v1/responses`: https://platform.openai.com/docs/api-reference/responses/create.

Beyond the dialect: the sampling fields of `SamplingFields`, `reasoning.max_tokens`, `chat_template_kwargs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from mlxk.errors import RequestError
from mlxk.protocols.base import Json
from mlxk.protocols.openai.common import CacheOptions, SamplingFields
from mlxk.protocols.openai.responses.choices import OptionalChoice, told_choice
from mlxk.protocols.openai.responses.formats import TextBody
from mlxk.protocols.openai.responses.items import Items
from mlxk.protocols.openai.responses.tools import AnyTool, own
from mlxk.protocols.validation import Body, Count, Spare, only, refuse
from mlxk.requests import Overflow, ReasoningEffort, ReasoningOptions

_NO_SUMMARY = "Reasoning is not summarised here: items of the type 'reasoning' hold all of it."

# What OpenAI can add to an answer. Most of it belongs to tools that are not here, and so there is none.
Includable = Literal[
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
]


NoConversation = Annotated[None, refuse("Conversations are not kept here: use 'previous_response_id'.")]
_OVERFLOWS: Mapping[str, Overflow] = MappingProxyType({"auto": "truncate_oldest", "disabled": "error"})


Summary = Annotated[Literal["auto", "concise", "detailed"] | None, Spare(_NO_SUMMARY, ("auto",))]


class ReasoningBody(Body):
    """`max_tokens` is the budget, an extension."""

    effort: ReasoningEffort | None = None
    summary: Summary = None
    generate_summary: Summary = None
    context: Annotated[
        Literal["auto", "current_turn", "all_turns"] | None,
        Spare("The model's chat template decides which earlier reasoning it is shown.", ("auto",)),
    ] = None
    mode: Annotated[str | None, Spare("There is one way of reasoning here.", ("standard",))] = None
    max_tokens: Count | None = None


class ResponsesBody(SamplingFields):
    input: Annotated[Items, Field(min_length=1)]
    instructions: str | None = None
    previous_response_id: str | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    max_tool_calls: Annotated[int, Field(ge=1)] | None = None
    tools: list[AnyTool] | None = None
    tool_choice: OptionalChoice = None
    parallel_tool_calls: bool | None = None
    text: TextBody | None = None
    reasoning: ReasoningBody | None = None
    include: list[Includable] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    store: bool | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    prompt_cache_retention: Literal["in_memory", "in-memory", "24h"] | None = None
    prompt_cache_options: CacheOptions | None = None
    access_programs: Annotated[
        dict[str, Any] | None, Spare("There are no access programs for a model of one's own.")
    ] = None
    image: Annotated[dict[str, Any] | None, Spare("This server reads text only.")] = None
    background_options: Annotated[None, refuse("Responses are not made in the background here.")] = None
    background: Annotated[
        bool | None, only(False, reason="Responses are not made in the background here.")
    ] = None
    conversation: NoConversation = None
    prompt: Annotated[None, refuse("Prompt templates are not kept here: send the 'input'.")] = None
    context_management: Annotated[
        None, refuse("Compaction is not supported; 'truncation' leaves out the oldest messages.")
    ] = None
    moderation: Annotated[dict[str, Any] | None, Spare("Moderation is not supported.")] = None

    @property
    def stores(self) -> bool:
        return self.store is not False

    @property
    def wanted_logprobs(self) -> int | None:
        """How many alternatives, `None` if no log-probabilities are wanted."""
        wanted = "message.output_text.logprobs" in (self.include or ()) or bool(self.top_logprobs)
        return (self.top_logprobs or 0) if wanted else None

    @property
    def carries_reasoning(self) -> bool:
        return "reasoning.encrypted_content" in (self.include or ())

    @property
    def overflow(self) -> Overflow | None:
        return None if self.truncation is None else _OVERFLOWS[self.truncation]

    def options(self) -> ReasoningOptions:
        said = self.reasoning or ReasoningBody()
        return ReasoningOptions(effort=said.effort, max_tokens=said.max_tokens)

    def told(self) -> Json:
        """What an answer repeats of its request, in the dialect's own fields.

        Those that OpenAI's document has as text are no null, and https://openresponses.org wants them there.
        """
        reasoning = self.reasoning or ReasoningBody()
        # Others than `auto`, which asks for nothing, are not made.
        summary = "auto" if "auto" in (reasoning.summary, reasoning.generate_summary) else None
        text = self.text or TextBody()
        return {
            "background": False,
            "instructions": self.instructions,
            "frequency_penalty": self.frequency_penalty or 0.0,
            "max_output_tokens": self.max_output_tokens,
            "max_tool_calls": self.max_tool_calls,
            "metadata": self.metadata or {},
            "parallel_tool_calls": self.parallel_tool_calls is not False,
            "presence_penalty": self.presence_penalty or 0.0,
            "previous_response_id": self.previous_response_id,
            "prompt_cache_key": self.prompt_cache_key or "",
            "reasoning": {"effort": reasoning.effort, "summary": summary},
            "safety_identifier": self.safety_identifier or "",
            "service_tier": "default",
            "store": self.stores,
            "temperature": self.temperature,
            "text": {
                "format": text.format.told() if text.format else {"type": "text"},
                "verbosity": "medium",
            },
            "tool_choice": told_choice(self.tool_choice),
            "tools": [tool.told() for tool in own(self.tools)],
            "top_logprobs": self.top_logprobs or 0,
            "top_p": self.top_p,
            "truncation": self.truncation,
            **({} if self.user is None else {"user": self.user}),
        }

    def check(self) -> None:
        super().check()
        if self.previous_response_id == "":
            raise RequestError("The id must not be empty.", param="previous_response_id")
