"""`POST /v1/messages/count_tokens`: how long the prompt of a messages body is, without an answer to it."""

from __future__ import annotations

from mlxk.errors import UnsupportedParameter
from mlxk.protocols.anthropic import messages
from mlxk.protocols.anthropic.messages import error_body
from mlxk.protocols.base import Json
from mlxk.requests import GenerationRequest

__all__ = ["answer", "error_body", "parse"]

# https://docs.claude.com/en/api/messages-count-tokens
_FIELDS = frozenset(
    {
        "model",
        "messages",
        "system",
        "thinking",
        "tools",
        "tool_choice",
        "output_config",
        "cache_control",
    }
)


def parse(body: Json) -> GenerationRequest:
    """The generation whose prompt is to be counted; raises `RequestError`."""
    for name in body:
        if name not in _FIELDS:
            raise UnsupportedParameter("This says nothing about the prompt.", param=name[:80])
    (request,) = messages.parse({**body, "max_tokens": 1}).generations
    return request


def answer(count: int) -> Json:
    return {"input_tokens": count}
