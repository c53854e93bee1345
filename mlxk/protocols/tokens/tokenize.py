"""`POST /tokenize`: the tokens of a prompt, or of messages as the model's template writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from mlxk.errors import RequestError
from mlxk.protocols.base import Json, ModelCard
from mlxk.protocols.openai.common import error_body
from mlxk.protocols.openai.messages import AnyMessage, parse_messages
from mlxk.protocols.openai.tools import ToolBody, parse_tools
from mlxk.protocols.validation import Body, validate
from mlxk.requests import GenerationRequest

__all__ = ["Tokenization", "answer", "error_body", "parse"]

_OF_MESSAGES = (
    "tools",
    "add_generation_prompt",
    "continue_final_message",
    "chat_template_kwargs",
)


@dataclass(frozen=True, slots=True)
class Tokenization:
    """What is to be tokenised: a generation's prompt, or, if `plain`, its text without a bos token.

    `strings`: the answer says how each token is spelled.
    """

    request: GenerationRequest
    plain: bool
    strings: bool


class TokenizeBody(Body):
    model: str | None = None
    prompt: str | None = None
    messages: Annotated[list[AnyMessage], Field(min_length=1)] | None = None
    tools: list[ToolBody] | None = None
    add_special_tokens: bool | None = None
    add_generation_prompt: bool | None = None
    continue_final_message: bool | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    return_token_strs: bool | None = None

    def check(self) -> None:
        if (self.prompt is None) == (self.messages is None):
            raise RequestError("The body needs either a prompt or messages.", param="prompt")
        if self.messages is None:
            for name in _OF_MESSAGES:
                if getattr(self, name) is not None:
                    raise RequestError(f"'{name}' needs 'messages'.", param=name)
        elif self.add_special_tokens:
            raise RequestError(
                "The chat template writes all special tokens itself.", param="add_special_tokens"
            )
        if self.continue_final_message and self.add_generation_prompt:
            raise RequestError(
                "A message is continued, or a new one begins: not both.", param="add_generation_prompt"
            )


def parse(body: Json) -> Tokenization:
    """Raises `RequestError`."""
    said = validate(TokenizeBody, body)
    said.check()
    request = GenerationRequest(
        model=said.model or "",
        prompt=said.prompt,
        messages=parse_messages(said.messages or []),
        tools=parse_tools(said.tools),
        continue_final=bool(said.continue_final_message),
        add_generation_prompt=said.add_generation_prompt is not False,
        chat_template_kwargs=said.chat_template_kwargs or {},
    )
    return Tokenization(request, said.add_special_tokens is False, bool(said.return_token_strs))


def answer(tokens: Sequence[int], strings: Sequence[str] | None, card: ModelCard) -> Json:
    return {
        "count": len(tokens),
        "max_model_len": card.context_length,
        "tokens": tokens,
        "token_strs": strings,
    }
