"""Bodies from outside: JSON bytes to a mapping.

JSON leaves open what an object with two equal keys means, and whoever looks at a body before this server may
take it otherwise: such bodies are refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from mlxk.errors import RequestError
from mlxk.protocols.base import Json

# Deeper nesting than any schema has; templates and schema compilers recurse over what a body holds.
MAX_DEPTH = 64


def decode(data: bytes) -> Json:
    """A JSON object of UTF-8 text; raises `RequestError`. `NaN` and infinities are not JSON."""
    try:
        value = msgspec.json.decode(data)
        if not isinstance(value, dict):
            raise RequestError("The body must be a JSON object.")
        _check_depth(value)
        # A second parser: the first, whose numbers and texts are the ones that count, tells nothing of keys.
        json.loads(data.decode(), object_pairs_hook=_check_keys, parse_int=str, parse_float=str)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RequestError(f"The body is not valid JSON: {error}") from None
    except RecursionError:
        raise RequestError("The body is nested too deeply.") from None
    return value


def _check_depth(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise RequestError(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _check_keys(pairs: Sequence[tuple[str, object]]) -> None:
    """Of each object; raises `RequestError` for two that are equal."""
    seen = dict(pairs)
    if len(seen) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in seen if keys.count(key) > 1)
        raise RequestError(f"The key '{twice[:80]}' stands twice in one object.", param=twice[:80])
