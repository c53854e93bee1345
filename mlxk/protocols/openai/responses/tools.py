"""Tools, tool choice and text format of a responses body, and how an answer tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, Tag

from mlxk.errors import RequestError
from mlxk.protocols.base import Json
from mlxk.protocols.openai.responses.turns import CUSTOM_INPUT
from mlxk.protocols.openai.tools import Mode, Name
from mlxk.protocols.validation import Body, Spare, by, only, problem
from mlxk.requests import JsonObject, JsonSchema, NamedToolChoice, ResponseFormat, Tool, ToolChoice


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


def _own(value: object) -> object:
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
    BeforeValidator(_own),
]


class ModeChoice(Body):
    """A plain string, in the form of the object that names a function."""

    type: Literal["mode"]
    mode: Mode


class FunctionChoice(Body):
    type: Literal["function"]
    name: str


class CustomChoice(Body):
    type: Literal["custom"]
    name: str


NamedChoice = Annotated[
    Annotated[FunctionChoice, Tag("<function>")] | Annotated[CustomChoice, Tag("<custom>")],
    by("type"),
    BeforeValidator(_own),
]


class AllowedChoice(Body):
    """Only these of the tools may be called."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedChoice], Field(min_length=1)]


def _known_choice(value: object) -> object:
    """A mode, or an object that names tools."""
    if isinstance(value, str) and value in get_args(Mode):
        return {"type": "mode", "mode": value}
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in (None, "allowed_tools"):
        _own(value)
    elif value is not None and kind is None:
        raise problem("The tool choice must be 'auto', 'none', 'required' or name tools.")
    return value


Choice = Annotated[
    Annotated[ModeChoice, Tag("<mode>")]
    | Annotated[FunctionChoice, Tag("<function>")]
    | Annotated[CustomChoice, Tag("<custom>")]
    | Annotated[AllowedChoice, Tag("<allowed_tools>")],
    by("type"),
]
OptionalChoice = Annotated[
    Choice | None,
    BeforeValidator(
        _known_choice, json_schema_input_type=Mode | FunctionChoice | CustomChoice | AllowedChoice | None
    ),
]


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


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tools that the model is shown, and how it may use them."""

    tools: tuple[Tool, ...]
    choice: ToolChoice


def choose(bodies: list[AnyTool] | None, said: Choice | None) -> Chosen:
    """What was chosen, held against the tools there are; raises `RequestError`."""
    tools = tuple(body.tool() for body in bodies or ())
    names = [tool.name for tool in tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise RequestError(f"Two tools have the name '{name}'.", param=f"tools[{index}].name")
    match said:
        case None:
            return Chosen(tools, "auto")
        case ModeChoice():
            if said.mode == "required" and not tools:
                raise RequestError("'tool_choice' needs 'tools'.", param="tool_choice")
            return Chosen(tools, said.mode)
        case AllowedChoice():
            allowed = [_declared(tool.name, names, f"tools[{i}].name") for i, tool in enumerate(said.tools)]
            return Chosen(tuple(tool for tool in tools if tool.name in allowed), said.mode)
        case FunctionChoice() | CustomChoice():
            return Chosen(tools, NamedToolChoice(_declared(said.name, names, "name")))


def _declared(name: str, names: list[str], place: str) -> str:
    if name not in names:
        raise RequestError(f"No tool has the name '{name[:80]}'.", param=f"tool_choice.{place}")
    return name


def told_choice(said: Choice | None) -> object:
    match said:
        case None:
            return "auto"
        case ModeChoice():
            return said.mode
        case _:
            return said.model_dump()
