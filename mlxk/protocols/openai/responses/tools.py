"""The tools of a responses body, and how an answer tells them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag

from mlxk.protocols.base import Json
from mlxk.protocols.openai.responses.turns import CUSTOM_INPUT
from mlxk.protocols.openai.tools import Name
from mlxk.protocols.validation import Body, Spare, by, only, problem
from mlxk.requests import Tool


class _OwnTool(Body):
    """A tool that the caller runs."""

    name: Name
    description: str | None = None
    allowed_callers: Annotated[
        list[str] | None, only(["direct"], reason="Tools are called by the model alone.")
    ] = None
    defer_loading: Annotated[bool | None, Spare("All tools are shown to the model at once.", (False,))] = None
    asynchronous: Annotated[bool | None, Spare("Every call is waited for.", (False,))] = Field(
        default=None, alias="async"
    )


class FunctionTool(_OwnTool):
    type: Literal["function"]
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    output_schema: Annotated[dict[str, Any] | None, Spare("Models are not told what a function answers.")] = (
        None
    )

    def tool(self) -> Tool:
        return Tool(self.name, self.description or "", self.parameters or {}, bool(self.strict))

    def told(self) -> Json:
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "strict": bool(self.strict),
        }


class TextFormat(Body):
    type: Literal["text"]


def _free(value: object) -> object:
    if isinstance(value, dict) and value.get("type") == "grammar":
        raise problem("Grammars of custom tools are not supported.", unsupported=True)
    return value


class CustomTool(_OwnTool):
    """A tool that takes free text. The model calls it as a function with one text argument."""

    type: Literal["custom"]
    format: Annotated[TextFormat | None, BeforeValidator(_free)] = None

    def tool(self) -> Tool:
        text = {"type": "string", "description": "The text that the tool is given."}
        schema = {
            "type": "object",
            "properties": {CUSTOM_INPUT: text},
            "required": [CUSTOM_INPUT],
            "additionalProperties": False,
        }
        return Tool(self.name, self.description or "", schema)

    def told(self) -> Json:
        return {
            "type": "custom",
            "name": self.name,
            "description": self.description or "",
            "format": {"type": "text"},
        }


def own_tool(value: object) -> object:
    """Tools that OpenAI runs itself are refused by name."""
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind not in ("function", "custom"):
        raise problem(
            f"The built-in tool '{kind[:80]}' is not available on this server.",
            field="type",
            hint="Declare functions of your own.",
            unsupported=True,
        )
    return value


AnyTool = Annotated[
    Annotated[FunctionTool, Tag("<function>")] | Annotated[CustomTool, Tag("<custom>")],
    by("type"),
    BeforeValidator(own_tool),
]
