"""A layer held against the schema: pydantic's errors as diagnostics at the place in the text.

pydantic's `loc` has segments of its own (union tags, `[key]`); those that the tree lacks are skipped. Its
messages may quote the input, so every message is written here, without the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mlxk.config import renames, shape
from mlxk.config.diagnostics import Diagnostic, nearest, suggestion
from mlxk.config.layers import settle
from mlxk.config.origins import DEFAULT, KeyPath, Origin, dotted
from mlxk.config.secrets import HIDDEN, is_about_keys
from mlxk.config.values import Items, Scalar, Table, Value, key_origin, lookup, plain
from mlxk.config.yaml.tree import describe

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "greater than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
}

_Model = TypeVar("_Model", bound=BaseModel)


def check(layer: Table, model: type[BaseModel], *, below: Sequence[Table] = ()) -> list[Diagnostic]:
    """What is wrong with one layer. `below` are lower layers, for the note on what a value overrides."""
    valid = validated(layer, model, below=below)
    return valid if isinstance(valid, list) else []


def validated(layer: Table, model: type[_Model], *, below: Sequence[Table] = ()) -> _Model | list[Diagnostic]:
    """A layer as its model, or what is wrong with it."""
    try:
        return model.model_validate(plain(settle(layer)))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=True)
        found: dict[KeyPath, Diagnostic] = {}
        for detail in details:
            item = _diagnose(detail, layer, model)
            found.setdefault(item.path, with_note(item, below))
        return list(found.values())


def with_note(item: Diagnostic, below: Sequence[Table]) -> Diagnostic:
    """The diagnostic, with the place of the value that this one overrides."""
    for layer in reversed(below):
        under = lookup(layer, item.path)
        if item.path and under is not None and under.origin not in (item.origin, DEFAULT):
            note = f"overrides {under.origin}"
            return Diagnostic(item.code, item.message, item.origin, item.help, (*item.notes, note), item.path)
    return item


def _diagnose(detail: ErrorDetails, layer: Table, model: type[BaseModel]) -> Diagnostic:
    path = _path(detail["loc"], layer)
    handler = _HANDLERS.get(detail["type"])
    if handler is not None:
        return handler(detail, path, layer, model)
    if detail["type"] in _EXPECTED:
        return _wrong_type(detail, path, layer, model)
    if detail["type"] in _BOUNDS:
        context = detail.get("ctx", {})
        limits = {name: f"{it:g}" if isinstance(it, float) else it for name, it in context.items()}
        bound = _BOUNDS[detail["type"]].format(**limits)
        return Diagnostic("E105", f"{_name(path)} must be {bound}", value_origin(layer, path), path=path)
    # Nothing that the schema uses gets here; a new constraint is still reported, in pydantic's words.
    message = f"{_name(path)}: {detail['msg'].removeprefix('Value error, ')}"
    return Diagnostic("E103", message, value_origin(layer, path), path=path)


def _path(loc: Sequence[str | int], layer: Value) -> KeyPath:
    path: list[str | int] = []
    for segment in loc:
        if lookup(layer, (*path, segment)) is not None:
            path.append(segment)
    return tuple(path)


def _name(path: KeyPath) -> str:
    return f"`{dotted(path)}`" if path else "the profile"


def value_origin(layer: Value, path: KeyPath) -> Origin:
    """Where the value at `path` stands, or the nearest thing around it that stands somewhere."""
    for end in range(len(path), -1, -1):
        node = lookup(layer, path[:end])
        if node is not None:
            return node.origin
    return layer.origin


def _unknown_key(detail: ErrorDetails, path: KeyPath, layer: Table, model: type[BaseModel]) -> Diagnostic:
    key = str(path[-1])
    inside = f" in {dotted(path[:-1])}" if path[:-1] else ""
    known = shape.keys(shape.at(model, path[:-1]))
    origin = key_origin(layer, path) or value_origin(layer, path)
    help_text = _here(path, None, model, origin) or _elsewhere(key, model) or suggestion(key, known)
    if is_about_keys(path[:-1]) and nearest(key, known) is None:
        # An API key with a colon in it reads as a key: neither the message nor the path may name it.
        message = f"unknown key{inside}"
        return Diagnostic("E102", message, origin, "quote an API key", path=(*path[:-1], HIDDEN))
    return Diagnostic("E102", f"unknown key `{key}`{inside}", origin, help_text, path=path)


def _elsewhere(key: str, model: type[BaseModel]) -> str | None:
    """`markers` at the top level belongs into one of several sections."""
    for name in shape.keys(model):
        if key in shape.keys(shape.child(model, name)):
            return f"did you mean `{name}.{key}`?"
    return None


def _here(path: KeyPath, kind: str | None, model: type[BaseModel], origin: Origin) -> str | None:
    """`top_p` at the top level is `sampling.top_p` here, and `num_ctx` is `tokens.context`."""
    ends = range(len(path) - 1, -1, -1)
    scopes = (end for end in ends if renames.is_scope(shape.at(model, path[:end])))
    end = next(scopes, None)
    if end is None:
        return None
    scope, keys = shape.at(model, path[:end]), tuple(str(segment) for segment in path[end:])
    row = renames.find(keys[-1], kind, scope, keys[:-1])
    rewrites = "; `mlxk migrate` rewrites it" if origin.kind == "file" else ""
    if row is None:
        foreign = len(keys) == 1 and keys[0] in renames.FOREIGN_SECTIONS
        return f"what it sets has sections of its own here{rewrites}" if foreign else None
    if row.to == keys:
        return f"{row.help}{rewrites}"
    return f"`{keys[-1]}` is `{dotted((*path[:end], *row.to))}` here{rewrites}"


def _missing(detail: ErrorDetails, path: KeyPath, layer: Table, model: type[BaseModel]) -> Diagnostic:
    key = str(detail["loc"][-1])
    inside = f" in {dotted(path)}" if path else ""
    return Diagnostic("E106", f"missing key `{key}`{inside}", value_origin(layer, path), path=(*path, key))


def _no_choice(detail: ErrorDetails, path: KeyPath, layer: Table, model: type[BaseModel]) -> Diagnostic:
    allowed = [_written(value) for value in shape.values(shape.at(model, path))]
    node = lookup(layer, path)
    best = None
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.expression is None:
        best = nearest(node.value, allowed)
    help_text = f"did you mean `{best}`?" if best else None
    message = f"{_name(path)} must be one of {', '.join(allowed)}"
    return Diagnostic("E104", message, value_origin(layer, path), help_text, path=path)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrong_type(detail: ErrorDetails, path: KeyPath, layer: Table, model: type[BaseModel]) -> Diagnostic:
    expected = _EXPECTED[detail["type"]]
    if detail["loc"][-1] == "[key]":
        message = f"the key `{path[-1]}` in {dotted(path[:-1])} must be {expected}"
        return Diagnostic("E103", message, key_origin(layer, path), path=path)
    node = lookup(layer, path)
    found = describe(node) if node is not None else "nothing"
    help_text = None
    if expected == "text" and isinstance(node, Scalar) and node.value is not None:
        help_text = "quote it to make it text"
    if expected == "a mapping" and path and isinstance(node, Scalar):
        known = shape.keys(shape.at(model, path))
        help_text = "write its keys below it: " + ", ".join(known[:6]) if known else None
    if path and node is not None and "[key]" not in detail["loc"]:
        help_text = _here(path, _kind(node), model, node.origin) or help_text
    message = f"{_name(path)} must be {expected}, not {found}"
    return Diagnostic("E103", message, value_origin(layer, path), help_text, path=path)


def _kind(node: Value) -> str:
    """As `renames` calls it."""
    match node:
        case Table():
            return "map"
        case Items():
            return "seq"
        case Scalar():
            return "null" if node.value is None else type(node.value).__name__


def _too_short(detail: ErrorDetails, path: KeyPath, layer: Table, model: type[BaseModel]) -> Diagnostic:
    return Diagnostic("E105", f"{_name(path)} must not be empty", value_origin(layer, path), path=path)


def _not_finite(detail: ErrorDetails, path: KeyPath, layer: Table, model: type[BaseModel]) -> Diagnostic:
    return Diagnostic("E103", f"{_name(path)} must be a finite number", value_origin(layer, path), path=path)


def _too_few(detail: ErrorDetails, path: KeyPath, layer: Table, model: type[BaseModel]) -> Diagnostic:
    least = detail["ctx"]["min_length"]
    message = f"{_name(path)} must have at least {least} entries"
    return Diagnostic("E105", message, value_origin(layer, path), path=path)


_Handler = Callable[[ErrorDetails, KeyPath, Table, type[BaseModel]], Diagnostic]
_HANDLERS: Mapping[str, _Handler] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "literal_error": _no_choice,
    "string_too_short": _too_short,
    "too_short": _too_few,
    "finite_number": _not_finite,
}
