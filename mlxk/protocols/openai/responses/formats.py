"""The text format of a responses body, and how an answer tells it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from mlxk.errors import RequestError
from mlxk.protocols.base import Json
from mlxk.protocols.openai.tools import Name
from mlxk.protocols.validation import Body, Spare
from mlxk.requests import JsonObject, JsonSchema, ResponseFormat


class FormatBody(Body):
    """`schema` is a name that pydantic's models use themselves."""

    type: Literal["text", "json_object", "json_schema"]
    name: Name | None = None
    description: str | None = None
    body: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None

    def response_format(self) -> ResponseFormat | None:
        """`text` asks for nothing."""
        given = (self.name, self.description, self.body, self.strict)
        if self.type != "json_schema" and any(value is not None for value in given):
            raise RequestError("A schema stands with the type 'json_schema' only.", param="text.format.type")
        if self.type != "json_schema":
            return JsonObject() if self.type == "json_object" else None
        if self.name is None or self.body is None:
            missing = "name" if self.name is None else "schema"
            raise RequestError(
                f"Missing required parameter: 'text.format.{missing}'.", param=f"text.format.{missing}"
            )
        return JsonSchema(self.body, self.name, bool(self.strict))

    def told(self) -> Json:
        if self.type != "json_schema":
            return {"type": self.type}
        return {
            "type": "json_schema",
            "name": self.name,
            "description": self.description or "",
            "schema": self.body,
            "strict": bool(self.strict),
        }


class TextBody(Body):
    format: FormatBody | None = None
    verbosity: Annotated[
        Literal["low", "medium", "high"] | None,
        Spare("Verbosity other than 'medium' is not supported.", ("medium",)),
    ] = None
