"""`${env:NAME}`, `${env:NAME:-default}`, `${env:NAME:?message}`, `${file:path}`; `$${` stands for `${`.

Applied once, to values only, after parsing: what comes in is never parsed for structure and never
interpolated again. A value that came in keeps the text that the user wrote, and that text is what every
command shows; so a secret cannot be printed.

A variable that is not set and has no default is an error. With `:?message` the profile says itself that the
machine has to bring it: where a file is only looked at, that is a warning, for the file is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlxk.config.diagnostics import Diagnostic
from mlxk.config.origins import KeyPath
from mlxk.config.risks import OUTSIDE, Ask
from mlxk.config.secrets import HIDDEN
from mlxk.config.values import Entry, Items, Scalar, Table, Value
from mlxk.config.yaml.strict import MAX_BYTES, is_unicode, typed

_EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_ENV = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<operator>:[-?])(?P<rest>.*))?", re.DOTALL)
_HELP = "known are ${env:NAME}, ${env:NAME:-default}, ${env:NAME:?message} and ${file:path}"


# The code of a variable that the machine has to bring, where nothing is started.
UNSET = "W005"


class _Unresolved(Exception):
    def __init__(self, code: str, message: str, help_text: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help_text


@dataclass(frozen=True, slots=True)
class Interpolator:
    """Fills one file's expressions in.

    `confined` is the folder that `${file:}` may leave only if the file is `trusted`; `left` are values that
    do. `looks` says that nothing is started.
    """

    environ: Mapping[str, str]
    folder: Path
    confined: Path | None
    trusted: Callable[[], bool] = lambda: False
    looks: bool = False
    left: list[Ask] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    read: set[Path] = field(default_factory=set)

    def table(self, table: Table, path: KeyPath = ()) -> Table:
        entries = {
            key: Entry(entry.key, self._value(entry.value, (*path, key)))
            for key, entry in table.entries.items()
        }
        return Table(entries, table.origin, table.replaces)

    def _value(self, value: Value, path: KeyPath) -> Value:
        match value:
            case Table():
                return self.table(value, path)
            case Items():
                items = tuple(self._value(item, (*path, index)) for index, item in enumerate(value.items))
                return Items(items, value.origin, value.appends)
            case Scalar(value=str(text)) if "${" in text:
                return self._scalar(value, text, path)
            case Scalar():
                return value

    def _scalar(self, scalar: Scalar, text: str, path: KeyPath) -> Scalar:
        try:
            if any(self._leaves(match[1]) for match in _EXPRESSION.finditer(text) if match[2]):
                self.left.append(Ask(OUTSIDE, scalar.origin, path))
                if not self.trusted():
                    # Not read. A list keeps its items, other values are as if they were not there.
                    unread = text if path and isinstance(path[-1], int) else None
                    return Scalar(unread, scalar.origin, expression=text)
            filled = _EXPRESSION.sub(lambda match: self._replacement(match, path), text)
        except _Unresolved as error:
            # The rest of the checks goes on with the text as written, marked as not to be shown or judged.
            self.problems.append(Diagnostic(error.code, error.message, scalar.origin, error.help, path=path))
            return Scalar(_stand_in(error, path), scalar.origin, expression=text)
        if all(match[0] == "$${" for match in _EXPRESSION.finditer(text)):
            return Scalar(filled, scalar.origin, style=scalar.style)
        return Scalar(typed(filled), scalar.origin, text=filled, expression=text)

    def _replacement(self, match: re.Match[str], path: KeyPath) -> str:
        if match[0] == "$${":
            return "${"
        if not match[2]:
            raise _Unresolved("E202", "`${` without its `}`", "write `$${` for a literal `${`")
        expression = match[1]
        if expression.startswith("file:"):
            return self._file(expression.removeprefix("file:"))
        found = _ENV.fullmatch(expression)
        if found is None:
            bare = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", expression)
            hint = f"did you mean `${{env:{expression}}}`? `$${{` is a literal `${{`" if bare else _HELP
            raise _Unresolved("E202", "not an interpolation that mlxk knows", hint)
        return self._env(found["name"], found["operator"], found["rest"] or "", path)

    def _env(self, name: str, operator: str | None, rest: str, path: KeyPath) -> str:
        self.names.add(name)
        value = self.environ.get(name)
        if value is not None and not is_unicode(value):
            raise _Unresolved("E201", f"environment variable {name} is not UTF-8 text")
        if value is not None and (value or operator is None):
            return value
        if operator == ":-":
            return rest
        message = f"environment variable {name} is not set" + (f": {rest}" if rest else "")
        # Without a model there is nothing to look at.
        if operator == ":?" and self.looks and path[:1] != ("model",):
            raise _Unresolved(UNSET, message, "`run`, `chat` and `up` will need it")
        if operator == ":?" and rest:
            raise _Unresolved("E201", message)
        hint = f"export {name}=…, or give a default: ${{env:{name}:-default}}"
        raise _Unresolved("E201", message, hint)

    def _leaves(self, expression: str) -> bool:
        """Whether this is a file outside of the folder that the values may read from."""
        if self.confined is None or not expression.startswith("file:"):
            return False
        return not self._place(expression.removeprefix("file:")).is_relative_to(self.confined.resolve())

    def _place(self, name: str) -> Path:
        if "\0" in name:
            raise _Unresolved("E203", "not the name of a file")
        return (self.folder / Path(name).expanduser()).resolve()

    def _file(self, name: str) -> str:
        path = self._place(name)
        self.read.add(path)
        try:
            if not path.is_file():
                raise _Unresolved("E203", f"there is no file `{name}`")
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            text = data.decode("utf-8-sig")
        except OSError as error:
            raise _Unresolved("E203", f"cannot read `{name}`: {error.strerror}") from None
        except UnicodeDecodeError:
            raise _Unresolved("E203", f"`{name}` is not UTF-8 text") from None
        if len(data) > MAX_BYTES:
            raise _Unresolved("E203", f"`{name}` is larger than {MAX_BYTES // 1024} KiB")
        return text.removesuffix("\n").removesuffix("\r")


def _stand_in(error: _Unresolved, path: KeyPath) -> str | None:
    """What stands for a value that is not there: a list keeps its items, other keys are as if not said."""
    is_in_list = any(isinstance(segment, int) for segment in path)
    return HIDDEN if error.code == UNSET and is_in_list else None
