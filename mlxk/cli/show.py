"""`mlxk show`: all that is known about one model on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from mlxk.cli.names import ModelName
from mlxk.config.schema import ModelSection, Profile
from mlxk.errors import ModelError
from mlxk.hub import facts, health, references
from mlxk.hub.cache import cached_at
from mlxk.hub.facts import ModelFacts
from mlxk.hub.sizes import show as size
from mlxk.memory.room import Room, room_for


def show(
    model: ModelName,
    *,
    template: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Show a model on this machine: configuration, files, chat template, special tokens, how its answers are
    read, memory.

    Example: mlxk show builtin:demo

    Parameters
    ----------
    model
        org/name, org/name@revision, a short name, a folder, builtin:demo.
    template
        Print the chat template alone.
    json_
        For programs.
    """
    folder = references.locate(model)
    found = facts.read(folder, references.canonical(model))
    text = _text(found)
    if template:
        print(text["chat_template"])
        return 0
    cached = cached_at(folder)
    findings = health.check(folder, model, snapshot=None if cached is None else cached.snapshot)
    data = {
        "model": found.reference,
        "path": str(folder),
        "commit": None if cached is None else cached.commit,
        "health": health.verdict(findings),
        "findings": [item.message for item in findings],
        **_configuration(found),
        **text,
        "memory": _memory(found),
        "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()},
    }
    if json_:
        print(json.dumps({**data, "config": found.config}, indent=2, ensure_ascii=False))
    else:
        _print(data)
    return 0


def _configuration(found: ModelFacts) -> dict[str, Any]:
    return {
        "model_type": found.model_type,
        "architectures": _architectures(found.config),
        "quantization": found.quantization or None,
        "context_length": found.context_length,
        "weights_bytes": found.weights_bytes,
    }


def _architectures(config: Mapping[str, Any]) -> list[str]:
    said = config.get("architectures")
    return [str(item) for item in said] if isinstance(said, list) else []


def _text(found: ModelFacts) -> dict[str, Any]:
    """The text side, as a profile without any setting would have it."""
    from mlxk.text import TextModel
    from mlxk.text.source import template_sources
    from mlxk.text.tokenizer import Tokenizer

    tokenizer = Tokenizer.load(found.path)
    sources = template_sources(found.path, tokenizer.config, None)
    profile = Profile(model=ModelSection(path=str(found.path)))
    text = TextModel(found, profile, tokenizer, sources)
    kinds = {state.kind for state in text.grammar.states.values()}
    formats = sorted({state.tool.name for state in text.grammar.states.values() if state.tool is not None})
    return {
        "vocabulary": tokenizer.backend.get_vocab_size(),
        "special_tokens": dict(tokenizer.named),
        "ends_of_turn": [tokenizer.added.get(token, str(token)) for token in text.stop_token_ids],
        "chat_template": None if sources.is_fallback else sources.by_name[sources.default],
        "chat_templates": [] if sources.is_fallback else list(sources.by_name),
        "output_grammar": text.grammar.name,
        "reasoning": "reasoning" in kinds,
        "tools": formats,
    }


def _memory(found: ModelFacts) -> dict[str, Any] | None:
    try:
        room: Room = room_for(found.config, found.tensors)
    except ModelError:
        return None  # A family whose configuration has other names.
    return {"needed_bytes": room.needed, "limit_bytes": room.limit, "fits": room.fits}


def _print(data: Mapping[str, Any]) -> None:
    memory = data["memory"]
    template = ", ".join(data["chat_templates"]) or "none of its own: a plain one is used"
    lines = {
        "model": data["model"],
        "path": data["path"],
        "commit": data["commit"],
        "health": "; ".join([data["health"], *data["findings"]]),
        "type": f"{data['model_type']} ({', '.join(data['architectures'])})",
        "weights": f"{data['quantization'] or '?'}, {size(data['weights_bytes'])}",
        "context": f"{data['context_length']:,} tokens",
        "vocabulary": f"{data['vocabulary']:,} tokens",
        "chat template": template,
        "special tokens": ", ".join(f"{name} {text}" for name, text in data["special_tokens"].items()),
        "ends of turn": ", ".join(data["ends_of_turn"]),
        "output grammar": f"{data['output_grammar']}{', with reasoning' * data['reasoning']}",
        "tool calls": ", ".join(data["tools"]) or "none known",
        "memory": memory
        and f"{size(memory['needed_bytes'])} at least, of {size(memory['limit_bytes'])}"
        f"{'' if memory['fits'] else ': too little'}",
    }
    width = max(map(len, lines))
    for name, value in lines.items():
        if value:
            print(f"{name:<{width}}  {value}")
    print(f"{'files':<{width}}")
    for name, count in data["files"].items():
        print(f"  {size(count):>9}  {name}")
