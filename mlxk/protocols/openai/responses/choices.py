"""Which tools of a responses body the model may call, and how an answer tells that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, Tag

from mlxk.errors import RequestError
from mlxk.protocols.openai.responses.tools import AnyTool, own, own_tool
from mlxk.protocols.openai.tools import Mode
from mlxk.protocols.validation import Body, by, problem
from mlxk.requests import NamedToolChoice, Tool, ToolChoice


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
    BeforeValidator(own_tool),
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
        own_tool(value)
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


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tools that the model is shown, and how it may use them."""

    tools: tuple[Tool, ...]
    choice: ToolChoice


def choose(bodies: list[AnyTool] | None, said: Choice | None) -> Chosen:
    """What was chosen, held against the tools there are; raises `RequestError`."""
    tools = tuple(body.tool() for body in own(bodies))
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
