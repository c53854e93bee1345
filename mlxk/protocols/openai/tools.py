"""Tools, tool choice and response formats of a chat body."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, Tag

from mlxk.errors import RequestError
from mlxk.protocols.validation import Body, by, problem
from mlxk.requests import (
    JsonObject,
    JsonSchema,
    NamedToolChoice,
    ResponseFormat,
    Tool,
    ToolChoice,
)

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class FunctionTool(Body):
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolBody(Body):
    type: Literal["function"]
    function: FunctionTool

    def tool(self) -> Tool:
        said = self.function
        return Tool(said.name, said.description or "", said.parameters or {}, bool(said.strict))


class ChosenFunction(Body):
    name: str


class NamedChoice(Body):
    type: Literal["function"]
    function: ChosenFunction


class AllowedTools(Body):
    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedChoice], Field(min_length=1)]


class AllowedChoice(Body):
    """Only these of the tools may be called."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


Mode = Literal["auto", "none", "required"]


class ModeChoice(Body):
    """A plain string, in the form of the object that names a function."""

    type: Literal["mode"]
    mode: Mode


def _known_choice(value: object) -> object:
    """A mode, or an object that names functions."""
    named = isinstance(value, dict) and value.get("type") in ("function", "allowed_tools")
    if value is not None and not named and value not in get_args(Mode):
        raise problem("The tool choice must be 'auto', 'none', 'required' or name functions.")
    return {"type": "mode", "mode": value} if isinstance(value, str) else value


Choice = Annotated[
    Annotated[ModeChoice, Tag("<mode>")]
    | Annotated[NamedChoice, Tag("<function>")]
    | Annotated[AllowedChoice, Tag("<allowed_tools>")],
    by("type"),
]
OptionalChoice = Annotated[
    Choice | None,
    BeforeValidator(_known_choice, json_schema_input_type=Mode | NamedChoice | AllowedChoice | None),
]


class SchemaBody(Body):
    """`schema` is a name that pydantic's models use themselves."""

    name: Name
    description: str | None = None
    body: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class FormatBody(Body):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaBody | None = None

    def response_format(self) -> ResponseFormat | None:
        """`text` asks for nothing."""
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise RequestError(
                "'json_schema' must stand with the type 'json_schema', and only there.",
                param="response_format.json_schema",
            )
        if self.json_schema is not None:
            return JsonSchema(self.json_schema.body, self.json_schema.name, bool(self.json_schema.strict))
        return JsonObject() if self.type == "json_object" else None


def parse_tools(bodies: list[ToolBody] | None) -> tuple[Tool, ...]:
    tools = tuple(body.tool() for body in bodies or ())
    names = [tool.name for tool in tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise RequestError(f"Two tools have the name '{name}'.", param=f"tools[{index}].function.name")
    return tools


def choose(tools: tuple[Tool, ...], choice: Choice | None) -> tuple[tuple[Tool, ...], ToolChoice]:
    """The tools that the model is shown, and how it may use them; raises `RequestError`."""
    match choice:
        case None:
            return tools, "auto"
        case NamedChoice():
            return tools, NamedToolChoice(_declared(choice, tools, "function.name"))
        case AllowedChoice():
            said = choice.allowed_tools
            allowed = [
                _declared(item, tools, f"allowed_tools.tools[{index}].function.name")
                for index, item in enumerate(said.tools)
            ]
            return tuple(tool for tool in tools if tool.name in allowed), said.mode
        case ModeChoice():
            if choice.mode == "required" and not tools:
                raise RequestError("'tool_choice' needs 'tools'.", param="tool_choice")
            return tools, choice.mode


def _declared(choice: NamedChoice, tools: tuple[Tool, ...], place: str) -> str:
    wanted = choice.function.name
    if wanted not in [tool.name for tool in tools]:
        raise RequestError(f"No tool has the name '{wanted[:80]}'.", param=f"tool_choice.{place}")
    return wanted
