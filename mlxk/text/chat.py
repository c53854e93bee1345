"""A request's messages as the model's chat template writes them.

Templates differ in what they take: system messages, content in parts, calls as text, tools. The messages are
handed over in the first of several shapes that the template shows in full; what it has no place for is put
where it has one, and that is told as a warning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mlxk.config.schema import Profile
from mlxk.errors import RequestError, TemplateError, UnsupportedParameter
from mlxk.requests import GenerationRequest, Message
from mlxk.text import tool_prompt
from mlxk.text.output import OutputGrammars
from mlxk.text.prompt import Marker, Shape, shapes, template_messages
from mlxk.text.reasoning import EFFORT, reasoning_variables
from mlxk.text.template import ChatTemplate
from mlxk.text.templates import Templates
from mlxk.text.tools.format import tool_schema

_RESERVED = frozenset({"messages", "tools", "documents", "add_generation_prompt"})


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What a template is given: messages and tools, their control tokens marked, and its other variables."""

    messages: list[dict[str, Any]]
    tools: list[Mapping[str, Any]] | None
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """A chat as the template writes it, content's control tokens marked, and the effort it was told."""

    text: str
    warnings: tuple[str, ...]
    effort: str | None


class ChatWriter:
    """Writes chats with one model's templates. `named` are its special tokens, as templates see them."""

    def __init__(
        self,
        profile: Profile,
        templates: Templates,
        named: Mapping[str, str],
        output: OutputGrammars,
        marker: Marker,
    ) -> None:
        self._profile = profile
        self._templates = templates
        self._named = named
        self._output = output
        self._marker = marker

    def write(self, request: GenerationRequest) -> Written:
        """Raises `TemplateError`, `UnsupportedParameter` or `RequestError`."""
        messages = self._with_system(request.messages)
        if not messages:
            raise RequestError("there are no messages", param="messages")
        if request.continue_final and messages[-1].role != "assistant":
            raise RequestError("only an assistant's message can be continued", param="messages")
        declared = [tool_schema(tool) for tool in request.tools if request.tool_choice != "none"]
        template = self._templates.for_tools if declared else self._templates.default
        variables, effort, warnings = self._variables(request, template, declared)
        chat = self._marker.mark(template_messages(messages, developer="developer" in template.literals))
        tools = self._marker.mark(declared) or None
        if "tool_calls" not in template.source:
            chat = tool_prompt.with_calls_in_text(chat)
        if tools and not template.shows_tools:
            chat, told = tool_prompt.with_tools(chat, tools, template)
            warnings = (*warnings, *([told] if told else []))
        text, merged = _rendered(template, Dialogue(chat, tools, variables), request)
        return Written(text, (*self._templates.warnings, *warnings, *merged), effort)

    def _with_system(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The profile's system text, unless the request has one of its own."""
        system = self._profile.system
        if system is None or any(message.role in ("system", "developer") for message in messages):
            return messages
        return (Message("system", system), *messages)

    def _variables(
        self, request: GenerationRequest, template: ChatTemplate, tools: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, Any], str | None, tuple[str, ...]]:
        """What the template is given besides messages and tools, the effort among it, and warnings."""
        known = template.variables
        options = request.reasoning
        if options.max_tokens is None:
            options = replace(options, max_tokens=self._profile.tokens.max_reasoning)
        wish = reasoning_variables(
            options, self._profile.reasoning, template, self._output.grammar.name, thinks=self._output.thinks
        )
        own = {**self._profile.chat_template_kwargs, **wish.values, **request.chat_template_kwargs}
        if reserved := _RESERVED & own.keys():
            raise UnsupportedParameter(
                f"{min(reserved)!r} cannot be set by chat_template_kwargs", param="chat_template_kwargs"
            )
        unused = [name for name in own if name not in known]
        warnings = tuple(f"this model's chat template does not use {name!r}" for name in unused)
        values = {**self._named, **_other_names(known, self._marker.mark(tools)), **self._marker.mark(own)}
        effort = own[EFFORT] if EFFORT in known and isinstance(own.get(EFFORT), str) else wish.effort
        return values, effort, (*wish.warnings, *warnings)


def _other_names(known: frozenset[str], tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tools as templates with other names for them want them: FireFunction's, with the date, and SmolLM's."""
    if "tools" in known or not known & {"functions", "xml_tools"}:
        return {}
    now = datetime.now().astimezone()
    return {
        "functions": json.dumps(tools, indent=4, ensure_ascii=False),
        "datetime": now.strftime("%b %d %Y %H:%M:%S %Z"),
        "xml_tools": [tool["function"] for tool in tools],
    }


def _rendered(
    template: ChatTemplate, dialogue: Dialogue, request: GenerationRequest
) -> tuple[str, tuple[str, ...]]:
    """The text, from the first shape that the template takes in full.

    A template may refuse messages, or leave them out: what was said, called and answered must stand in the
    text. If no shape brings it all, the first one that renders is taken (some templates rewrite content).
    """
    said = list(_said(dialogue.messages))
    refusal: TemplateError | None = None
    first: str | None = None
    for shape, tools in _shapes(dialogue, template):
        try:
            text = template.render(
                shape.messages,
                tools=tools,
                variables=dialogue.variables,
                continue_final=request.continue_final,
                add_generation_prompt=request.add_generation_prompt,
            )
        except TemplateError as error:
            refusal = refusal or error
            continue
        if all(_shown(content, text) for content in said):
            return text, shape.warnings
        first = text if first is None and not shape.warnings else first
    if first is None:
        raise refusal or TemplateError("the model's chat template shows nothing of the messages")
    return first, ()


def _shapes(
    dialogue: Dialogue, template: ChatTemplate
) -> Iterator[tuple[Shape, list[Mapping[str, Any]] | None]]:
    """Every shape of the messages; and what some templates insist on: a list, even an empty one, of tools,
    and descriptions, even empty ones."""
    described = [_described(tool) for tool in dialogue.tools or ()]
    for tools in (dialogue.tools, described) if described != dialogue.tools else (dialogue.tools,):
        for shape in shapes(dialogue.messages, none_content=template.tells_none):
            yield shape, tools


def _described(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    function = tool["function"]
    parameters = _described_parts(function["parameters"])
    return {**tool, "function": {"description": "", **function, "parameters": parameters}}


def _described_parts(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return dict(schema)
    parts = {
        name: {"description": "", **_described_parts(part)} if isinstance(part, Mapping) else part
        for name, part in properties.items()
    }
    return {**schema, "properties": parts}


def _said(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What must stand in a prompt; an assistant's earlier text may be left out with what it thought."""
    for item in messages:
        if item["role"] != "assistant":
            yield item["content"].strip()
        for call in item.get("tool_calls", ()):
            yield call["function"]["name"]
            yield max(_texts(call["function"]["arguments"]), key=len, default="")


def _texts(value: object) -> Iterator[str]:
    """The strings in arguments, as they stand in any way of writing them."""
    match value:
        case str():
            yield value if value.isalnum() else ""
        case Mapping():
            yield from (text for item in value.values() for text in _texts(item))
        case list():
            yield from (text for item in value for text in _texts(item))


def _shown(content: str, text: str) -> bool:
    """Whether a content stands in a prompt, if need be rewritten: its longest word does."""
    word = max(content.split(), key=len, default="")
    return content in text or (len(word) > 3 and word in text)
