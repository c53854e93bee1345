"""`MLXK_SAMPLING__TOP_P=0.9`: the environment as a layer.

pydantic-settings knows which names lead where. It is given each variable's *name* in place of its value, so
what it returns says for every key which variable sets it; the values are then read as `--set` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlxk.config.diagnostics import Diagnostic, nearest
from mlxk.config.layers import merge
from mlxk.config.origins import KeyPath, Origin, Source, dotted
from mlxk.config.schema import Profile
from mlxk.config.shape import as_section, fields
from mlxk.config.values import Entry, Table, Value
from mlxk.config.yaml.document import parse_value

PREFIX = "MLXK_"
_DELIMITER = "__"
# Under this key stands the variable that sets a whole section or list; no variable's name has a NUL.
_WHOLE = "\0"


_ENVIRONMENT = Origin("env", "environment")


@dataclass(frozen=True, slots=True)
class EnvironmentLayer:
    """`unknown` are names with the prefix that set nothing."""

    table: Table
    problems: tuple[Diagnostic, ...]
    unknown: tuple[str, ...]


def read(environ: Mapping[str, str]) -> EnvironmentLayer:
    """The layer of all `MLXK_…` variables."""
    names = sorted(name for name in environ if name.upper().startswith(PREFIX))
    if not names:
        return EnvironmentLayer(Table({}, _ENVIRONMENT), (), ())
    problems: list[Diagnostic] = []
    used: set[str] = set()
    table = _Reader(environ, problems, used).table(_name_tree(names))
    return EnvironmentLayer(table, tuple(problems), tuple(name for name in names if name not in used))


def _name_tree(names: list[str]) -> Mapping[str, object]:
    """Nested keys with the name of the variable that sets each."""
    # Imported here: it costs 0.1 s, and most environments have no such variable.
    from pydantic import create_model
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings, EnvSettingsSource

    class NameSource(EnvSettingsSource):
        def _load_env_vars(self) -> Mapping[str, str | None]:
            return {name.lower(): name for name in sorted(names, key=str.lower)}

        def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
            return {_WHOLE: value}

    settable: dict[str, object] = {
        name: (info.annotation, None) for name, info in Profile.model_fields.items() if name != "mlxk"
    }
    model = create_model("Environment", __base__=BaseSettings, **settable)  # type: ignore[call-overload]
    return NameSource(model, env_prefix=PREFIX, env_nested_delimiter=_DELIMITER)()


@dataclass(frozen=True, slots=True)
class _Reader:
    environ: Mapping[str, str]
    problems: list[Diagnostic]
    used: set[str]

    def table(self, names: Mapping[str, object], path: KeyPath = ()) -> Table:
        entries: dict[str, Entry] = {}
        for key, name in names.items():
            value = self._value(name, (*path, key))
            if value is not None:
                entries[key] = Entry(value.origin, value)
        first = next((entry.key for entry in entries.values()), _ENVIRONMENT)
        return Table(entries, first)

    def _value(self, name: object, path: KeyPath) -> Value | None:
        if not isinstance(name, Mapping):
            return self._variable(name, path)
        parts = {key: part for key, part in name.items() if key != _WHOLE}
        below = self._variable(name[_WHOLE], path) if _WHOLE in name else None
        above = self.table(parts, path) if parts else None
        if below is None or above is None:
            return below or above
        return merge(below, above)

    def _variable(self, name: object, path: KeyPath) -> Value | None:
        variable = str(name)
        self.used.add(variable)
        # Without lines, so that no message shows the value: the environment is where secrets are.
        value, problems = parse_value(self.environ[variable], Source(variable, ()), "env", path)
        self.problems.extend(problems)
        return value


def warning(name: str) -> str:
    """What to say of a variable that sets nothing."""
    best = nearest(name.upper(), known_names())
    if best == name:
        return f"environment variable {name} sets nothing: it is there twice, in other letters"
    return f"environment variable {name} sets nothing" + (f": did you mean {best}?" if best else "")


def known_names() -> list[str]:
    """Every variable that sets a key of the schema."""
    return [PREFIX + _DELIMITER.join(path).upper() for path in _key_paths(Profile) if path != ("mlxk",)]


def key_names() -> list[str]:
    """Every key of a profile, dotted."""
    return [dotted(path) for path in _key_paths(Profile)]


def _key_paths(annotation: object) -> list[tuple[str, ...]]:
    section = as_section(annotation)
    if section is None:
        return [()]
    return [(key, *rest) for key, info in fields(section).items() for rest in _key_paths(info.annotation)]
