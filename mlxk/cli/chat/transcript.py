"""Conversations as files: JSON that can be loaded again, Markdown for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from mlxk.cli.attachments import read_text
from mlxk.errors import UsageError
from mlxk.requests import Message, Role, ToolCall

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation, and what it was had with. `system` of `None`: the file does not say."""

    messages: tuple[Message, ...]
    system: str | None = None
    model: str | None = None
    profile: str | None = None

    def to_json(self) -> str:
        """Messages in the form of OpenAI's chat, reasoning in `reasoning_content`."""
        data = {
            "mlxk.conversation": _VERSION,
            "profile": self.profile,
            "model": self.model,
            "system": self.system,
            "messages": [_message(message) for message in self.messages],
        }
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"

    def to_markdown(self) -> str:
        """A heading for each turn; reasoning as a quotation."""
        head = f"# Chat with {self.model}\n\n" if self.model else ""
        system = f"## System\n\n{self.system}\n\n" if self.system else ""
        return head + system + "\n".join(_section(message) for message in self.messages)


def _message(message: Message) -> dict[str, Any]:
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    optional = {
        "reasoning_content": message.reasoning,
        "tool_calls": calls or None,
        "tool_call_id": message.tool_call_id,
        "name": message.name,
    }
    said = {key: value for key, value in optional.items() if value is not None}
    return {"role": message.role, "content": message.content, **said}


def _section(message: Message) -> str:
    parts = [f"## {message.role.capitalize()}\n"]
    if message.reasoning:
        parts.append("".join(f"> {line}\n" for line in message.reasoning.splitlines()))
    if message.content:
        parts.append(f"{message.content}\n")
    parts += [f"```json\n{call.name}({call.arguments})\n```\n" for call in message.tool_calls]
    return "\n".join(parts)


def save(transcript: Transcript, name: str, *, replace: bool) -> Path:
    """Write it, as Markdown where the name ends in .md, else as JSON. Raises `UsageError`."""
    path = Path(name).expanduser()
    is_markdown = path.suffix.lower() in (".md", ".markdown")
    text = transcript.to_markdown() if is_markdown else transcript.to_json()
    try:
        with path.open("w" if replace else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        hint = f"name another file, or: /export --force {name}"
        raise UsageError(f"{name} is there already", hint=hint) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be written: {error}") from error
    return path


def load(name: str) -> Transcript:
    """Read a conversation: one of ours, or messages in OpenAI's form. Raises `UsageError`."""
    try:
        data = json.loads(read_text(name))
        listed = data["messages"] if isinstance(data, Mapping) else data
        if isinstance(data, Mapping) and data.get("mlxk.conversation", _VERSION) != _VERSION:
            raise UsageError(f"{name} is of another version of mlxk")
        messages = tuple(_read_messages(listed))
        said = {
            key: data[key]
            for key in ("system", "model", "profile")
            if isinstance(data, Mapping) and isinstance(data.get(key), str)
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = "such a file is made by /export NAME.json"
        raise UsageError(f"{name} is no conversation: {error}", hint=hint) from error
    system = "\n\n".join(each.content for each in messages if each.role in ("system", "developer"))
    turns = tuple(each for each in messages if each.role not in ("system", "developer"))
    return Transcript(turns, **({"system": system} if system else {}) | said)


def _read_messages(listed: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    if not isinstance(listed, list):
        raise TypeError("it has no list of messages")
    for data in listed:
        content = data.get("content") or ""
        if data["role"] not in get_args(Role) or not isinstance(content, str):
            raise TypeError("a message needs a role and text")
        reasoning = data.get("reasoning_content")
        yield Message(
            data["role"],
            content,
            str(reasoning) if reasoning else None,
            tuple(_read_call(call) for call in data.get("tool_calls") or ()),
            data.get("tool_call_id"),
            data.get("name"),
        )


def _read_call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    return ToolCall(str(call.get("id") or ""), str(function["name"]), str(function["arguments"]))
