"""From a request to a prompt: messages in the template's shape, rendered, and encoded.

Content can never write special tokens. Every token that the template or the grammar uses, found in a string
of the request, is marked before rendering and encoded as ordinary text, without its id; the model sees the
same characters. Marks are lone surrogates, which no content can hold, and they are gone from the text. A
request whose strings contain no such token is rendered untouched and encoded whole: the ids are those of
transformers' `apply_chat_template`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlxk.requests import Message, ToolCall
from mlxk.text.grammar import Opened
from mlxk.text.tokenizer import Segment

_OPEN, _CLOSE = "\ud800", "\ud801"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the engine is given, and where the output starts: `opened`, a state of the output grammar.

    `continues` says that the output carries on a text, so that a space at its start counts. `effort` is the
    level of reasoning that the chat template was told.
    """

    text: str
    tokens: tuple[int, ...]
    opened: Opened
    continues: bool = False
    warnings: tuple[str, ...] = ()
    effort: str | None = None


class Marker:
    """Marks control tokens in strings, and finds the marks again in rendered text.

    `words` are delimiters of the output grammar that are no tokens: they are encoded as what they are, text,
    but where an output starts is not read from those that content brings.
    """

    def __init__(self, tokens: Iterable[str], words: Iterable[str] = ()) -> None:
        self._words = frozenset(words)
        names = "|".join(map(re.escape, sorted({*tokens, *self._words}, key=len, reverse=True))) or r"(?!)"
        self._tokens = re.compile(names)
        self._marks = re.compile(f"{_OPEN}({names}){_CLOSE}|[{_OPEN}{_CLOSE}]")

    def mark(self, value: Any) -> Any:
        """Mark every string in plain data; surrogates that JSON smuggled in become U+FFFD."""
        match value:
            case str():
                return self._tokens.sub(f"{_OPEN}\\g<0>{_CLOSE}", _SURROGATE.sub("\ufffd", value))
            case Mapping():
                return {self.mark(key): self.mark(item) for key, item in value.items()}
            case list() | tuple():
                return [self.mark(item) for item in value]
            case _:
                return value

    def segments(self, rendered: str) -> list[Segment]:
        """The rendered text in parts. A mark that a template took apart leaves only a border."""
        segments: list[Segment] = []
        joined = False
        for index, piece in enumerate(self._marks.split(rendered)):
            word = index % 2 == 1 and piece in self._words
            if (word or joined) and segments and not segments[-1].literal:
                segments[-1] = Segment(segments[-1].text + piece)
            elif piece or index == 0:
                segments.append(Segment(piece, literal=index % 2 == 1 and not word))
            joined = word
        return segments

    def visible(self, rendered: str) -> str:
        """The rendered text, nothing in it that content wrote and that may be a delimiter."""
        return self._marks.sub(lambda mark: "\0" * len(mark[1] or ""), rendered)


def template_messages(messages: Iterable[Message], *, developer: bool) -> list[dict[str, Any]]:
    """Messages as templates read them: OpenAI's shape, with arguments as objects.

    `developer` says that the template knows that role; otherwise such messages are system messages.
    Reasoning is given under each name that templates use. A tool's message gets the name of its call.
    """
    names: dict[str, str] = {}
    result = []
    for message in messages:
        names |= {call.id: call.name for call in message.tool_calls}
        role = "system" if message.role == "developer" and not developer else message.role
        item: dict[str, Any] = {"role": role, "content": message.content}
        if message.reasoning is not None:
            item |= dict.fromkeys(("reasoning_content", "reasoning", "thinking"), message.reasoning)
        if message.tool_calls:
            item["tool_calls"] = [_template_call(call) for call in message.tool_calls]
        if message.tool_call_id is not None:
            item["tool_call_id"] = message.tool_call_id
        name = message.name or (names.get(message.tool_call_id or "") if message.role == "tool" else None)
        if name is not None:
            item["name"] = name
        result.append(item)
    return result


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to hand messages to a template."""

    messages: list[dict[str, Any]]
    warnings: tuple[str, ...] = ()


def shapes(messages: list[dict[str, Any]], *, none_content: bool) -> Iterator[Shape]:
    """As they are; with arguments as text; with one call at a time; with content in parts, for multimodal
    models; without system.

    `none_content`: a call without text has no content, rather than an empty one.
    """
    whole = [_without_content(item) for item in messages] if none_content else messages
    for base in (whole, messages) if whole != messages else (messages,):
        yield Shape(base)
        if any("tool_calls" in item for item in base):
            yield Shape(_with_text_arguments(base))
    if any(len(item.get("tool_calls", ())) > 1 for item in messages):
        yield Shape(_one_call_each(messages))
    if any(item.get("tool_calls") and item["content"] for item in messages):
        lost = "the chat template shows no text beside tool calls: it was left out"
        yield Shape(
            [
                _without_content({**item, "content": ""}) if "tool_calls" in item else item
                for item in messages
            ],
            (lost,),
        )
    yield Shape(_in_parts(messages))
    if any(item["role"] in ("system", "developer") for item in messages):
        warning = "the chat template has no system role: the system text was put into the first user message"
        yield Shape(_without_system(messages), (warning,))
        yield Shape(_in_parts(_without_system(messages)), (warning,))


def _with_text_arguments(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some templates join arguments to text as they are (DeepSeek 3.1)."""
    return [
        {**item, "tool_calls": [_with_text(call) for call in item["tool_calls"]]}
        if "tool_calls" in item
        else item
        for item in messages
    ]


def _one_call_each(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls made at once as calls made one after another, each with its result (Llama 3 knows no others)."""
    results = {item.get("tool_call_id"): item for item in messages if item["role"] == "tool"}
    shown: list[dict[str, Any]] = []
    for item in messages:
        calls = item.get("tool_calls", ())
        if len(calls) < 2:
            shown += [] if item["role"] == "tool" and item in shown else [item]
            continue
        for place, call in enumerate(calls):
            shown.append({**item, "tool_calls": [call], "content": "" if place else item["content"]})
            shown += [results[call["id"]]] if call["id"] in results else []
    return shown


def _without_content(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "content": None} if "tool_calls" in item and not item["content"] else item


def _with_text(call: dict[str, Any]) -> dict[str, Any]:
    arguments = call["function"]["arguments"]
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {**call, "function": {**call["function"], "arguments": text}}


def _in_parts(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "content": [{"type": "text", "text": item["content"]}]} for item in messages]


def _without_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """System messages, written at the top of the first user message instead."""
    head = [item for item in messages if item["role"] in ("system", "developer")]
    rest = [item for item in messages if item["role"] not in ("system", "developer")]
    text = "\n\n".join(item["content"] for item in head)
    for index, item in enumerate(rest):
        if item["role"] == "user":
            rest[index] = {**item, "content": f"{text}\n\n{item['content']}"}
            return rest
    return [{"role": "user", "content": text}, *rest]


def _template_call(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}", strict=False)
    except ValueError:
        arguments = call.arguments
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
