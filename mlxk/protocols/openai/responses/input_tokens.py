"""`POST /v1/responses/input_tokens`: how long the prompt of a response is, without an answer to it.

https://platform.openai.com/docs/api-reference/responses/input-tokens; what says nothing about the prompt is
not a field of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from mlxk.protocols.base import Json, Store
from mlxk.protocols.openai.common import error_body
from mlxk.protocols.openai.responses import parse as parse_response
from mlxk.protocols.openai.responses.body import NoConversation, ReasoningBody
from mlxk.protocols.openai.responses.choices import OptionalChoice
from mlxk.protocols.openai.responses.formats import TextBody
from mlxk.protocols.openai.responses.items import Items
from mlxk.protocols.openai.responses.tools import AnyTool
from mlxk.protocols.validation import Body, refuse, validate
from mlxk.requests import GenerationRequest

__all__ = ["answer", "error_body", "parse"]


class InputTokensBody(Body):
    input: Annotated[Items, Field(min_length=1)]
    model: str | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    tools: list[AnyTool] | None = None
    tool_choice: OptionalChoice = None
    parallel_tool_calls: bool | None = None
    text: TextBody | None = None
    reasoning: ReasoningBody | None = None
    truncation: Literal["auto", "disabled"] | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    conversation: NoConversation = None
    personality: Annotated[None, refuse("Models have no presets of style here: use 'instructions'.")] = None


def parse(body: Json, store: Store) -> GenerationRequest:
    """The generation whose prompt is to be counted; raises `RequestError`."""
    validate(InputTokensBody, body)
    return parse_response(body, store).generations[0]


def answer(count: int) -> Json:
    return {"object": "response.input_tokens", "input_tokens": count}
