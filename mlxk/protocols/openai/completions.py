"""`POST /v1/completions`: https://platform.openai.com/docs/api-reference/completions/create.

A choice's `text` is what the model says outside reasoning; reasoning goes where the profile exposes it, in
fields of the same names as in chat.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field

from mlxk.errors import RequestError
from mlxk.protocols.base import Json, ParsedRequest
from mlxk.protocols.openai.common import KEEP_ALIVE, STREAM_TYPE, GenerationFields, error_body
from mlxk.protocols.openai.completions_encoder import CompletionsEncoder
from mlxk.protocols.validation import problem, spared, validate
from mlxk.requests import GenerationRequest

__all__ = ["KEEP_ALIVE", "STREAM_TYPE", "error_body", "parse"]

Prompt = str | tuple[int, ...]


def _is_token(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32


def _is_tokens(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_token, value))


def _prompts(value: object) -> list[Prompt]:
    """A string, a list of strings, token ids, or a list of lists of token ids."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value:
        if all(isinstance(item, str) for item in value):
            return list(value)
        if _is_tokens(value):
            return [tuple(value)]
        if all(_is_tokens(item) for item in value):
            return [tuple(item) for item in value]
    raise problem("The prompt must be a string, strings, token ids, or lists of token ids, and not empty.")


class CompletionsBody(GenerationFields):
    prompt: Annotated[
        list[Prompt],
        Field(max_length=128),
        BeforeValidator(_prompts, json_schema_input_type=str | list[str] | list[int] | list[list[int]]),
    ]
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    best_of: Annotated[int, Field(ge=1)] | None = None
    suffix: str | None = None

    def check(self) -> None:
        super().check()
        if self.best_of is not None and self.best_of != self.choices:
            raise RequestError("Ranking more candidates than 'n' is not supported.", param="best_of")
        if len(self.prompt) * self.choices > 128:
            raise RequestError("Prompts times 'n' may be at most 128.", param="n")
        if self.echo and not all(isinstance(prompt, str) for prompt in self.prompt):
            raise RequestError("Only a prompt given as text can be echoed.", param="echo")
        if self.echo and self.logprobs is not None:
            raise RequestError("Log-probabilities of an echoed prompt are not supported.", param="logprobs")


def parse(body: Json) -> ParsedRequest:
    """Each prompt gives `n` consecutive choices; raises `RequestError`."""
    said = validate(CompletionsBody, body)
    said.check()
    left_out = tuple(spared(said))
    generations = tuple(
        GenerationRequest(
            prompt=prompt,
            suffix=said.suffix or None,
            model=said.model or "",
            sampling=said.sampling(),
            max_tokens=said.max_tokens,
            stop=said.stops,
            top_logprobs=said.logprobs,
            unsupported=left_out,
            choice=index,
        )
        for prompt in said.prompt
        for index in range(said.choices)
    )
    echoes = tuple(str(one.prompt) if said.echo else "" for one in generations)
    encoder = partial(
        CompletionsEncoder, include_usage=said.include_usage, echoes=echoes, per_prompt=said.choices
    )
    return ParsedRequest(said.model or "", said.streams, generations, encoder)
