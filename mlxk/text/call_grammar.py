"""Tool calls as a grammar: `mlxk.text.tools.written` filled in with the tools of a request, in Lark.

Arguments that are one JSON object are one rule, a JSON schema that the caller adds. Where a format writes
them one by one, each parameter is a rule: its schema as JSON, or, for strings that stand as they are, text up
to what ends it. There, the order is that of the schema, and what a schema says of the whole object must be
`properties` and `required`; anything else is refused, never left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlxk.requests import Tool
from mlxk.text.parameters import (
    ANY,
    arguments_schema,
    listed_strings,
    parameters_of,
    text_pattern,
    without_strings,
)
from mlxk.text.tokenizer import Tokenizer
from mlxk.text.tools.values import types_of
from mlxk.text.tools.written import Parameters, WrittenCalls

_FIELD = re.compile(r"\{(name|arguments|id|short_id)\}")
_TERMINALS = {"id": "ID", "short_id": "SHORT_ID"}
_LINES = {"ID": "ID: /[0-9]{1,2}/", "SHORT_ID": "SHORT_ID: /[A-Za-z0-9]{9}/"}


@dataclass(frozen=True, slots=True)
class SchemaRule:
    """A rule that is JSON of a schema; `param` names the schema's place in the request."""

    schema: Mapping[str, Any]
    param: str


@dataclass(slots=True)
class CallGrammar:
    """The lines of the rule `calls`, and the rules that its lines use and do not have."""

    lines: list[str] = field(default_factory=list)
    rules: dict[str, SchemaRule] = field(default_factory=dict)


def call_grammar(
    calls: WrittenCalls, tools: Mapping[int, Tool], tokenizer: Tokenizer, *, many: bool
) -> CallGrammar:
    """The rule `calls` for tools by their place in the request; `many`: more than one call is allowed.

    Raises `UnsupportedParameter` for a schema that cannot be enforced where arguments stand one by one.
    """
    grammar = CallGrammar()
    writer = _Writer(calls, tokenizer, grammar)
    frame = " ".join(filter(None, (terms(calls.start, tokenizer), "group", terms(calls.end, tokenizer))))
    grammar.lines += [
        f"calls: {_repeated('frame', calls.again if many else None, tokenizer)}",
        f"frame: {frame}",
        f"group: {_repeated('call', calls.between if many else None, tokenizer)}",
        f"call: {' | '.join(writer.call(index, tool) for index, tool in tools.items())}",
    ]
    used = "\n".join(grammar.lines)
    grammar.lines += [line for name, line in _LINES.items() if re.search(rf"\b{name}\b", used)]
    return grammar


def _repeated(rule: str, between: str | None, tokenizer: Tokenizer) -> str:
    return rule if between is None else f"{rule} ({terms(between, tokenizer)} {rule})*"


class _Writer:
    def __init__(self, calls: WrittenCalls, tokenizer: Tokenizer, grammar: CallGrammar) -> None:
        self._calls = calls
        self._tokenizer = tokenizer
        self._grammar = grammar

    def call(self, index: int, tool: Tool) -> str:
        """The terms of one tool's call."""
        parts: list[str] = []
        text = ""
        for place, piece in enumerate(_FIELD.split(self._calls.call)):
            if not place % 2:
                text += piece
            elif piece == "name":
                text += json.dumps(tool.name, ensure_ascii=False)[1:-1]
            else:
                parts += [terms(text, self._tokenizer), _TERMINALS.get(piece) or self._arguments(index, tool)]
                text = ""
        return " ".join(filter(None, (*parts, terms(text, self._tokenizer))))

    def _arguments(self, index: int, tool: Tool) -> str:
        rule, param = f"arguments_{index}", f"tools[{index}].function.parameters"
        style = self._calls.parameters
        if style is None:
            self._grammar.rules[rule] = SchemaRule(arguments_schema(tool), param)
            return rule
        keys = parameters_of(tool, param)
        items = [
            (self._parameter(f"{rule}_{place}", style, key, schema, param), required)
            for place, (key, (schema, required)) in enumerate(keys.items())
        ]
        self._grammar.lines += _in_order(rule, items, terms(style.between, self._tokenizer))
        return rule

    def _parameter(
        self, rule: str, style: Parameters, key: str, schema: Mapping[str, Any], param: str
    ) -> str:
        """The terms of one parameter; its value is a rule of its own."""
        place = f"{param}.properties.{key}"
        types = types_of(schema)
        forms = []
        if style.text and "string" in types:
            before = style.before if style.before_text is None else style.before_text
            lead = terms(before.replace("{key}", key) + style.quote, self._tokenizer)
            forms.append(f"{lead} {self._text(f'{rule}_text', schema, style, place)}")
        if not (style.text and types == {"string"}):
            others = without_strings(schema) if style.text else schema
            lead, after = (
                terms(t.replace("{key}", key), self._tokenizer) for t in (style.before, style.after)
            )
            self._grammar.rules[rule] = SchemaRule(others, place)
            forms.append(" ".join(filter(None, (lead, rule, after))))
        return f"({' | '.join(forms)})" if len(forms) > 1 else forms[0]

    def _text(self, rule: str, schema: Mapping[str, Any], style: Parameters, place: str) -> str:
        """The terms of a string that stands as it is, and of what ends it."""
        close = style.quote or style.after
        end = terms(style.quote + style.after, self._tokenizer)
        if (values := listed_strings(schema)) is not None:
            return f"({' | '.join(literal(value) for value in values)}) {end}"
        pattern = text_pattern(schema, place)
        if "<[" in end:  # a token, which its own letters must not imitate
            name = rule.upper()
            self._grammar.lines.append(f"{name}: /{pattern}/ & ~/{ANY}*{_regex(close.strip())}{ANY}*/")
            return f"{name} {terms((style.quote + style.after).lstrip(), self._tokenizer)}"
        self._grammar.lines.append(f"{rule}[lazy]: /{pattern}{_regex(close)}/")
        return " ".join(filter(None, (rule, terms(style.after, self._tokenizer) if style.quote else "")))


def _in_order(rule: str, items: Sequence[tuple[str, bool]], between: str) -> Iterator[str]:
    """Rules for items in their order, those that are not required perhaps left out."""
    for place, (item, required) in enumerate(items):
        rest = f"{rule}_after_{place + 1}"
        first, later = f"{item} {rest}", f"{between} {item} {rest}".strip()
        skip_first = "" if required else f" | {rule}_from_{place + 1}"
        skip_later = "" if required else f" | {rest}"
        yield f"{rule if place == 0 else f'{rule}_from_{place}'}: {first}{skip_first}"
        if place:
            yield f"{rule}_after_{place}: {later}{skip_later}"
    size = len(items)
    yield f'{f"{rule}_from_{size}" if size else rule}: ""'
    if size:
        yield f'{rule}_after_{size}: ""'


def terms(text: str, tokenizer: Tokenizer) -> str:
    """Text as Lark terms: added tokens by id, the rest as literals."""
    names = sorted(tokenizer.added_ids, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, names))})" if names else r"((?!))", text)
    found = (
        f"<[{tokenizer.added_ids[piece]}]>" if index % 2 else literal(piece)
        for index, piece in enumerate(pieces)
        if piece
    )
    return " ".join(found)


def literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _regex(text: str) -> str:
    """Text as part of a regular expression between slashes."""
    return re.escape(text).replace("/", r"\/").replace(r"\ ", " ").replace("\\\n", r"\n")
