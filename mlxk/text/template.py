"""Chat templates: a jinja2 environment that renders what transformers renders.

Source: transformers' `utils/chat_template_utils.py`; the filter `fromjson` is llama.cpp's. A template is code
from a stranger: it runs in jinja2's sandbox, over plain values.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NoReturn

import jinja2
import jinja2.ext
import jinja2.meta
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

from mlxk.errors import ModelError, TemplateError

# What a template that is handed unexpected messages can raise besides jinja2's own errors.
_FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_NONE_CONTENT = re.compile(r"content(?:['\"]\])?\s+is\s+(?:not\s+)?none")
_CONTINUE = "CONTINUE_FINAL_MESSAGE_TAG "

FALLBACK = """\
{%- for message in messages -%}
{%- if message.role == 'system' -%}{{ message.content + '\\n\\n' }}
{%- elif message.role == 'assistant' -%}{{ 'Assistant: ' + message.content + '\\n' }}
{%- else -%}{{ 'Human: ' + message.content + '\\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ 'Assistant:' }}{%- endif -%}
"""


class ChatTemplate:
    """One compiled template. Raises `ModelError` when its source is not jinja2."""

    def __init__(self, source: str, origin: str) -> None:
        self.source = source
        self._environment = _environment()
        try:
            self._template = self._environment.from_string(source)
            self._tree = self._environment.parse(source)
        except jinja2.TemplateSyntaxError as error:
            raise ModelError(
                f"the chat template {origin} is not valid: line {error.lineno}: {error.message}",
                hint="name a working one in the profile: `model: {chat_template: path/to/file.jinja}`",
            ) from error

    @cached_property
    def variables(self) -> frozenset[str]:
        """The variables that the template reads and does not set."""
        return frozenset(jinja2.meta.find_undeclared_variables(self._tree))

    @cached_property
    def shows_tools(self) -> bool:
        """Whether the template has a variable for tools, also by FireFunction's or SmolLM's name for it."""
        return bool({"tools", "functions", "xml_tools"} & self.variables)

    @cached_property
    def tells_none(self) -> bool:
        """Whether the template asks if a message has content at all, as a call without text has none."""
        return _NONE_CONTENT.search(self.source) is not None

    @cached_property
    def literals(self) -> str:
        """All text that the template can write by itself, pieces separated by NUL."""
        texts = [node.data for node in self._tree.find_all(jinja2.nodes.TemplateData)]
        texts += [
            node.value for node in self._tree.find_all(jinja2.nodes.Const) if isinstance(node.value, str)
        ]
        texts += _formatted(self._tree)
        return "\0".join(texts)

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None,
        variables: Mapping[str, Any],
        continue_final: bool = False,
        add_generation_prompt: bool = True,
    ) -> str:
        """Render a chat; raises `TemplateError` with the template's own words."""
        # Some templates collect things in lists, those of the messages among them: these are copies.
        chat, tools = copy.deepcopy((list(map(dict, messages)), tools))
        if continue_final:
            chat[-1]["content"] = _tagged(chat[-1]["content"])
        try:
            text = self._template.render(
                messages=chat,
                tools=tools,
                documents=None,
                add_generation_prompt=add_generation_prompt and not continue_final,
                **variables,
            )
        except _FAILURES as error:
            raise TemplateError(f"the model's chat template refused the messages: {error}") from error
        return _cut(text) if continue_final else text


def _formatted(tree: jinja2.nodes.Template) -> list[str]:
    """Constants that are put into others: `'<think{}>'.format(suffix)` (Hunyuan)."""
    constants = {
        node.target.name: node.node.value
        for node in tree.find_all(jinja2.nodes.Assign)
        if isinstance(node.target, jinja2.nodes.Name) and isinstance(node.node, jinja2.nodes.Const)
    }
    found = []
    for call in tree.find_all(jinja2.nodes.Call):
        match call.node:
            case jinja2.nodes.Getattr(node=jinja2.nodes.Const(value=str(text)), attr="format"):
                names = [item.name for item in call.args if isinstance(item, jinja2.nodes.Name)]
                values = [constants[name] for name in names if name in constants]
                if len(values) == len(call.args) == text.count("{}"):
                    found.append(text.format(*values))
    return found


def _tagged(content: str | list[dict[str, str]]) -> str | list[dict[str, str]]:
    if isinstance(content, str):
        return content + _CONTINUE
    return [*content[:-1], {**content[-1], "text": content[-1]["text"] + _CONTINUE}]


def _cut(text: str) -> str:
    """Everything before the tag that marks where the last message breaks off."""
    place = text.rfind(_CONTINUE.strip())
    if place < 0:
        raise TemplateError(
            "the model's chat template does not show the message that is to be continued",
            hint="end with a user message instead",
        )
    kept = text[:place]
    return kept if text[place:].startswith(_CONTINUE) else kept.rstrip()


class _Generation(jinja2.ext.Extension):
    """`{% generation %}` marks an assistant's text for training; here it is only a scope."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


def _environment() -> jinja2.sandbox.SandboxedEnvironment:
    environment = jinja2.sandbox.SandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.filters["fromjson"] = json.loads
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
        default=_listed,
    )


def _listed(value: object) -> list[Any]:
    """jinja2's filters make iterators, which templates write as lists."""
    if isinstance(value, Iterator):
        return list(value)
    raise TypeError(f"a chat template cannot write {type(value).__name__} as JSON")


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(format: str) -> str:  # noqa: A002 - the name that templates may use
    return datetime.now().astimezone().strftime(format)
