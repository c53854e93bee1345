"""A model's own response template: what tokenizer_config.json says of the model's output.

Source: transformers' `response_template` (`utils/chat_parsing`). Of its fields this reads those with literal
delimiters: reasoning, and content that stands between markers. Patterns, and the tool calls, are left to the
presets and formats, which know more (recipients, streaming, ids); so a shipped template counts only where no
preset knows the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mlxk.text.grammar import Span

_KINDS: Mapping[str, Literal["reasoning", "text"]] = {
    "reasoning_content": "reasoning",
    "reasoning": "reasoning",
    "thinking": "reasoning",
    "content": "text",
}


def shipped_spans(config: Mapping[str, Any]) -> tuple[Span, ...]:
    """Spans of the response template, none if there is no template or it has no reasoning."""
    template = config.get("response_template")
    fields = template.get("fields") if isinstance(template, Mapping) else None
    if not isinstance(fields, Mapping):
        return ()
    spans = [
        Span(start, end, _KINDS[name])
        for name, field in fields.items()
        if name in _KINDS and isinstance(field, Mapping)
        for start in _literals(field.get("open"))
        for end in _literals(field.get("close"))[:1]
    ]
    return tuple(spans) if any(span.kind == "reasoning" for span in spans) else ()


def _literals(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str) and item]
