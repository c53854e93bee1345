"""The command line as layers: `--set key=value` and typed flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlxk.config import shape
from mlxk.config.diagnostics import Diagnostic
from mlxk.config.fitting import fit_text
from mlxk.config.layers import merge_tables
from mlxk.config.origins import Origin, Source, parse_dotted
from mlxk.config.schema import Profile
from mlxk.config.secrets import shown_argument
from mlxk.config.short_forms import expand
from mlxk.config.values import Items, Scalar, Table, from_plain, nested
from mlxk.config.workspace import Workspace
from mlxk.config.yaml.document import parse_value
from mlxk.config.yaml.strict import MAX_DEPTH

_COMMAND_LINE = Origin("set", "command line")
# What gives one value each time: its origin tells which.
_NAMED_BY_KEY = ("--set", "/set")


@dataclass(frozen=True, slots=True)
class Flag:
    """A typed value, and the flag that gave it as the user wrote it: `--temperature`."""

    value: object
    name: str


def set_layer(sets: Sequence[str], workspace: Workspace, *, name: str = "--set") -> Table:
    """`a.b=value` and `a.b+=[items]`, left to right, as one layer. The value is YAML."""
    tables = [table for text in sets if (table := _assignment(text, workspace, name)) is not None]
    merged = merge_tables([Table({}, _COMMAND_LINE), *tables])
    return workspace.with_absolute_paths(fit_text(merged, Profile))


def _assignment(text: str, workspace: Workspace, name: str) -> Table | None:
    key, equals, written = text.partition("=")
    appends = key.endswith("+")
    try:
        path = parse_dotted(key.removesuffix("+").strip())
    except ValueError:
        path = ()
    is_key = 0 < len(path) <= MAX_DEPTH and all(isinstance(segment, str) for segment in path)
    if not equals or not is_key:
        shown = "".join((key, equals, *shown_argument(key, written)[:1]))
        whole = Origin("set", name, 1, 1, max(1, len(shown)), Source(name, (shown,)))
        help_text = f"such as {name} sampling.top_p=0.9"
        workspace.problems.append(Diagnostic("E402", "expected key=value", whole, help_text))
        return None
    label = f"{name} {key}" if name in _NAMED_BY_KEY else name
    written = written.strip()
    value, problems = parse_value(written, Source(label, shown_argument(key, written)), "set", path)
    workspace.problems.extend(problems)
    if value is None:
        return None
    if appends and not isinstance(value, Items):
        value = Items((value,), value.origin)
    if isinstance(value, Scalar) and value.value is not None and shape.is_list(shape.at(Profile, path)):
        message = "this is a list"
        help_text = f"append with `{key}+={'…'}`, or write {key}=[…]"
        workspace.problems.append(Diagnostic("E402", message, value.origin, help_text, path=path))
        return None
    if appends and isinstance(value, Items):
        value = replace(value, appends=True)
    return expand(nested(path, value, value.origin))


def flag_layer(flags: Mapping[str, object], workspace: Workspace) -> Table:
    """Typed values by dotted key."""
    tables = [Table({}, Origin("flag", "flags"))]
    for key, given in flags.items():
        flag = given if isinstance(given, Flag) else Flag(given, key)
        origin = Origin("flag", flag.name)
        tables.append(expand(nested(parse_dotted(key), from_plain(flag.value, origin), origin)))
    return workspace.with_absolute_paths(merge_tables(tables))
