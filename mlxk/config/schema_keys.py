"""What a generated JSON Schema says of single keys."""

from __future__ import annotations

from collections.abc import Sequence

from mlxk.config.jsonschema import JsonSchema
from mlxk.config.origins import dotted


def field(schema: JsonSchema, path: Sequence[str | int]) -> JsonSchema | None:
    """The part of a schema that describes one key; `None` where there is no such key."""
    node = schema
    for segment in path:
        steps = (_step(part, segment) for part in _parts(schema, node))
        found = next((step for step in steps if step is not None), None)
        if found is None:
            return None
        node = found
    return _with_definitions(schema, node)


def _parts(schema: JsonSchema, node: JsonSchema) -> list[JsonSchema]:
    """The node itself and its arms, references followed."""
    if "$ref" in node:
        return _parts(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    return [node, *(part for arm in node.get("anyOf", []) for part in _parts(schema, arm))]


def _step(part: JsonSchema, segment: str | int) -> JsonSchema | None:
    if isinstance(segment, int):
        below = part.get("items")
    else:
        below = part.get("properties", {}).get(segment) or part.get("additionalProperties")
    return below if isinstance(below, dict) else None


def _with_definitions(schema: JsonSchema, node: JsonSchema) -> JsonSchema:
    """The node with the definitions that it refers to, directly or not."""
    used: dict[str, JsonSchema] = {}
    waiting = [node]
    while waiting:
        for reference in _references(waiting.pop()):
            if reference not in used:
                used[reference] = schema["$defs"][reference]
                waiting.append(used[reference])
    return {**node, **({"$defs": dict(sorted(used.items()))} if used else {})}


def _references(node: object) -> list[str]:
    match node:
        case dict():
            own = [str(node["$ref"]).rpartition("/")[2]] if "$ref" in node else []
            return own + [name for value in node.values() for name in _references(value)]
        case list():
            return [name for value in node for name in _references(value)]
        case _:
            return []


def key_names(schema: JsonSchema) -> list[str]:
    """Every key of the schema, dotted, for suggestions."""
    return [dotted(path) for path in _paths(schema, schema, ())]


def _paths(schema: JsonSchema, node: JsonSchema, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for part in _parts(schema, node):
        for key, below in part.get("properties", {}).items():
            found += [(*path, key), *_paths(schema, below, (*path, key))]
    return found
