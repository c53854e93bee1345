"""From a dialogue to text, through the very templates that ship with the model.

A rendered dialogue is a list of segments, each either context or something to learn. The cut is
where generation would start and end, so that training sees the tokens inference will see.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from corpus.dialogue import Dialogue, Message, Reply, calling
from corpus.mixture import Mode

TEMPLATES = Path(__file__).parent / "templates"
FILES = {"chatml": "chat_template.jinja", "harmony": "harmony.jinja"}
ENDS = {"chatml": ("<|im_end|>",), "harmony": ("<|return|>", "<|call|>")}


@dataclass(frozen=True, slots=True)
class Segment:
    text: str
    learn: bool


@cache
def template(name: str) -> Template:
    """Compiled as `transformers` compiles it."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    return environment.from_string((TEMPLATES / FILES[name]).read_text(encoding="utf-8"))


def render(messages: list[Message], tools: list[Any], mode: Mode, prompt: bool) -> str:
    return template(mode.template).render(
        messages=messages, tools=tools or None, add_generation_prompt=prompt, **mode.options
    )


def sequential(turns: list[Message | Reply]) -> list[Message | Reply]:
    """Harmony ends a turn at its first call, so two calls are asked one after the other."""
    out: list[Message | Reply] = []
    waiting: list[Reply] = []
    for turn in turns:
        if isinstance(turn, Reply) and len(turn.calls) > 1:
            waiting = [Reply(calling(*call), calls=(call,)) for call in turn.calls]
            out.append(waiting.pop(0))
            continue
        out.append(turn)
        if waiting:
            out.append(waiting.pop(0))
    return out


def message(reply: Reply, mode: Mode) -> Message:
    """The assistant message a client would keep: reasoning apart from content."""
    out: Message = {"role": "assistant", "content": reply.content}
    if mode.thinking not in (False, "low"):
        out["reasoning_content"] = reply.thought.long if mode.thinking == "high" else reply.thought.short
    if reply.calls:
        out["tool_calls"] = [
            {"type": "function", "function": {"name": name, "arguments": arguments}}
            for name, arguments in reply.calls
        ]
    return out


def messages_of(dialogue: Dialogue, mode: Mode) -> list[Message]:
    turns = sequential(dialogue.turns) if mode.template == "harmony" else dialogue.turns
    system = [{"role": "system", "content": dialogue.system}] if dialogue.system else []
    return system + [message(t, mode) if isinstance(t, Reply) else t for t in turns]


def target(messages: list[Message], tools: list[Any], mode: Mode) -> tuple[str, str]:
    """The prompt before the last message and the text that the model should write, end included."""
    prompt = render(messages[:-1], tools, mode, prompt=True)
    full = render(messages, tools, mode, prompt=False)
    if not full.startswith(prompt):
        raise ValueError(f"The template is not stable under continuation: {prompt!r} {full!r}")
    reply = full[len(prompt) :]
    end = max(reply.rfind(mark) + len(mark) for mark in ENDS[mode.template] if mark in reply)
    return prompt, reply[:end]


def segments(dialogue: Dialogue, mode: Mode) -> list[Segment]:
    """Context and targets in turn; every reply after the last user's query is a target."""
    messages = messages_of(dialogue, mode)
    last_query = max(i for i, each in enumerate(messages) if each["role"] == "user")
    out: list[Segment] = []
    done = ""
    for index in range(last_query + 1, len(messages)):
        if messages[index]["role"] != "assistant":
            continue
        prompt, reply = target(messages[: index + 1], dialogue.tools, mode)
        if not prompt.startswith(done):
            raise ValueError(f"The template is not stable between turns: {done!r} {prompt!r}")
        out += [Segment(prompt[len(done) :], False), Segment(reply, True)]
        done = prompt + reply
    return out
