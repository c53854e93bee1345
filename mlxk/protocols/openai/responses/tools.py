"""The tools of a responses body, and how an answer tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from mlxk.protocols.base import Json
from mlxk.protocols.openai.responses.turns import CUSTOM_INPUT
from mlxk.protocols.openai.tools import Name
from mlxk.protocols.validation import Body, Spare, only, problem, tag_of
from mlxk.requests import Tool, Unsupported

_INSTEAD = "Declare functions of your own."


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


def _kind(tool: object) -> str | None:
    """Of a tool that OpenAI runs itself."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    return kind[:80] if isinstance(kind, str) and kind not in ("function", "custom") else None


def own_tool(value: object) -> object:
    """No other tool can be chosen: it is refused by name."""
    kind = _kind(value)
    if kind is not None:
        raise problem(f"{_missing(kind)}.", field="type", hint=_INSTEAD, unsupported=True)
    return value


def _missing(kind: str) -> str:
    return f"The built-in tool '{kind}' is not available on this server"


class BuiltInTool(Body):
    """A tool that OpenAI runs itself, such as a search. An answer can do without it."""

    type: str


def _bare(value: object) -> object:
    """What else a built-in tool is told says nothing here."""
    kind = _kind(value)
    return value if kind is None else {"type": kind}


def _tag(value: object) -> str | None:
    if isinstance(value, BuiltInTool) or _kind(value) is not None:
        return "<built-in>"
    return tag_of(value, "type")


AnyTool = Annotated[
    Annotated[FunctionTool, Tag("<function>")]
    | Annotated[CustomTool, Tag("<custom>")]
    | Annotated[BuiltInTool, BeforeValidator(_bare), Tag("<built-in>")],
    Discriminator(_tag),
]


def own(tools: Iterable[AnyTool] | None) -> list[FunctionTool | CustomTool]:
    """The tools that the caller runs."""
    return [tool for tool in tools or () if not isinstance(tool, BuiltInTool)]


def missing(tools: Iterable[AnyTool] | None) -> Iterator[Unsupported]:
    """The tools that are not here; the policy refuses them, or tells of them."""
    for index, tool in enumerate(tools or ()):
        if isinstance(tool, BuiltInTool):
            yield Unsupported(f"tools[{index}].type", f"{_missing(tool.type)}: {_INSTEAD.lower()}")
