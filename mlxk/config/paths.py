"""Which values name files, and where those are: a path is taken from the folder of the file that says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from mlxk.config.notation import UNIX
from mlxk.config.origins import KeyPath
from mlxk.config.schema import model_table
from mlxk.config.values import Scalar, Table, Value, with_each, with_value

# A path as written, to the whole path.
Absolute = Callable[[str], str]
Rule = Callable[[Absolute, str], str]
_TEMPLATE = re.compile(r".*\.(?:jinja2?|txt)", re.DOTALL)


def is_template_file(chat_template: str) -> bool:
    """Whether `model.chat_template` names a file, rather than one of the model's own templates."""
    return "/" in chat_template or _TEMPLATE.fullmatch(chat_template) is not None


def is_path(key: str, value: str) -> bool:
    """Whether what stands under this key of `model` is a path on this machine."""
    match key:
        case "path" | "adapter":
            return True
        case "chat_template":
            return is_template_file(value)
        case "tokenizer":
            return "path" in model_table(value)
        case _:
            return False


def _always(absolute: Absolute, text: str) -> str:
    return absolute(text)


def _of_model(key: str) -> Rule:
    return lambda absolute, text: absolute(text) if is_path(key, text) else text


def _listen(absolute: Absolute, text: str) -> str:
    return UNIX + absolute(text.removeprefix(UNIX)) if text.startswith(UNIX) else text


_RULES: Mapping[KeyPath, Rule] = MappingProxyType(
    {
        **{("model", key): _of_model(key) for key in ("path", "adapter", "chat_template", "tokenizer")},
        ("model", "draft", "path"): _always,
        ("engine", "prompt_cache", "path"): _always,
        ("server", "listen"): _listen,
        ("server", "tls", "certificate"): _always,
        ("server", "tls", "key"): _always,
    }
)
# Keys with settings by name, which name files as a profile does; those of `defaults` stand there themselves.
_NAMED = ("models", "overrides", "variants")


def with_absolute_paths(table: Table, absolute: Absolute) -> Table:
    """The table with every path in it made whole."""

    def whole(value: Value) -> Value:
        return with_absolute_paths(value, absolute) if isinstance(value, Table) else value

    for path, rule in _RULES.items():
        table = _changed(table, path, partial(rule, absolute))
    table = with_value(table, "defaults", whole)
    for key in _NAMED:
        table = with_value(table, key, partial(with_each, change=whole))
    return table


def _changed(table: Table, path: KeyPath, change: Callable[[str], str]) -> Table:
    """The table with the text at `path` changed, if there is one."""

    def step(value: Value) -> Value:
        match value:
            case Scalar(value=str(text)) if text and len(path) == 1:
                return replace(value, value=change(text), text=None)
            case Table() if len(path) > 1:
                return _changed(value, path[1:], change)
            case _:
                return value

    return with_value(table, str(path[0]), step)
