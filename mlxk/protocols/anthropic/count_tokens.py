"""`POST /v1/messages/count_tokens`: how long the prompt of a messages body is, without an answer to it.

https://docs.claude.com/en/api/messages-count-tokens; what says nothing about the prompt is not a field of it.
"""

from __future__ import annotations

from mlxk.protocols.anthropic.failures import error_body
from mlxk.protocols.anthropic.prompt import PromptBody
from mlxk.protocols.base import Json, Store
from mlxk.protocols.validation import validate
from mlxk.requests import GenerationRequest

__all__ = ["answer", "error_body", "parse"]


def parse(body: Json, store: Store) -> GenerationRequest:
    """The generation whose prompt is to be counted; raises `RequestError`."""
    return validate(PromptBody, body).request()


def answer(count: int) -> Json:
    return {"input_tokens": count}
