"""`POST /detokenize`: the text of tokens, special ones spelled."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mlxk.protocols.base import Json
from mlxk.protocols.openai.common import error_body
from mlxk.protocols.validation import Body, validate

__all__ = ["DetokenizeBody", "answer", "error_body", "parse"]


class DetokenizeBody(Body):
    tokens: list[Annotated[int, Field(ge=0, lt=1 << 32)]]
    model: str | None = None


def parse(body: Json) -> DetokenizeBody:
    """Raises `RequestError`."""
    return validate(DetokenizeBody, body)


def answer(text: str) -> Json:
    return {"prompt": text}
