"""Values written into a YAML file, and every other byte of it left alone.

A key that is there gets its new value in place, with the comments around it; one that is not goes behind the
last of the innermost section that is. The result is read again before it counts: it must say what the old
text said, with those values, and hold to the schema.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from mlxk.config.diagnostics import InvalidProfile
from mlxk.config.fitting import fit_text
from mlxk.config.migration import Migration
from mlxk.config.origins import Source, dotted
from mlxk.config.schema import model_table
from mlxk.config.short_forms import expand
from mlxk.config.validation import check
from mlxk.config.version import LANGUAGE_VERSION
from mlxk.config.yaml.document import parse as parse_document
from mlxk.config.yaml.document import read
from mlxk.config.yaml.edits import Edit, added, applied, braced, replaced
from mlxk.config.yaml.layout import Layout, Unchangeable
from mlxk.config.yaml.spans import MapSpan, ScalarSpan, Span, data, parse
from mlxk.config.yaml.strict import TAG
from mlxk.errors import ProfileError

Keys = tuple[str, ...]


def assigned(
    path: Path,
    label: str,
    model: type[BaseModel],
    values: Mapping[Keys, str],
    *,
    empty: str = f"mlxk: {LANGUAGE_VERSION}\n",
) -> Migration:
    """What becomes of a file with these values, each as YAML in one line; it is not written.

    A file that is not there begins as `empty`. Raises `InvalidProfile` where the file is wrong, now or then,
    and `ProfileError` where it cannot be changed.
    """
    before = ""
    if path.exists():
        document = read(path, label)
        if document.problems:
            raise InvalidProfile(document.problems)
        before = path.read_bytes().decode("utf-8")
    text = before.removeprefix("\ufeff")
    after = text or empty
    for keys, value in values.items():
        after = _with(after, keys, value, label)
    source = Source(label, tuple(after.splitlines()), path)
    written = parse_document(after, source)
    problems = [*written.problems, *check(fit_text(expand(written.root), model), model)]
    if any(item.severity == "error" for item in problems):
        raise InvalidProfile([item for item in problems if item.severity == "error"])
    return Migration(path, label, before, before[: len(before) - len(text)] + after)


def _with(text: str, keys: Keys, value: str, label: str) -> str:
    """The text with one value. Raises `ProfileError`."""
    try:
        root = parse(text)
        if not isinstance(root, MapSpan):
            raise Unchangeable("it is no mapping")
        expected: Any = copy.deepcopy(data(root))
        _say(expected, keys, data(parse(value)))
        layout = Layout.of(text, root)
        after = applied(text, [_edit(root, keys, value, layout)])
        if data(parse(after)) != expected:
            raise Unchangeable("the result would say something else")
    except (Unchangeable, yaml.YAMLError) as error:
        raise ProfileError(
            f"`{dotted(keys)}` cannot be written into {label}: {error}",
            hint=f"write it by hand: {braced(keys, value)}",
        ) from error
    return after


def _edit(root: MapSpan, keys: Keys, value: str, layout: Layout) -> Edit:
    home = root
    for depth, key in enumerate(keys):
        at = home.index(key)
        if at is None:
            return added(layout, home, len(home.pairs) - 1, keys[depth:], value)
        below = home.pairs[at][1]
        if depth == len(keys) - 1:
            return _replaced(below, value, layout)
        match below:
            case MapSpan(anchor=None):
                home = below
            case ScalarSpan(anchor=None) if key == "model" and _kind(below) == "str":
                (form,) = model_table(below.value)
                short = f"{form}: {layout.value_text(below)}"
                return replaced(layout, below, f"{{{short}, {braced(keys[depth + 1 :], value)}}}")
            case ScalarSpan(anchor=None) if _kind(below) == "null":
                return replaced(layout, below, f"{{{braced(keys[depth + 1 :], value)}}}")
            case _:
                raise Unchangeable(f"`{dotted(keys[: depth + 1])}` is no plain mapping there")
    raise Unchangeable("there is no key")


def _replaced(below: Span, value: str, layout: Layout) -> Edit:
    if not isinstance(below, ScalarSpan) or below.anchor is None:
        return replaced(layout, below, value)
    raise Unchangeable("the value has an anchor")


def _kind(span: ScalarSpan) -> str:
    return span.tag.removeprefix(TAG)


def _say(said: Any, keys: Keys, value: object) -> None:
    """The value, in what a text says (see `spans.data`)."""
    for key in keys[:-1]:
        below = said.get(key)
        if isinstance(below, tuple):
            said[key] = {next(iter(model_table(below[1]))): below} if key == "model" else {}
        said = said.setdefault(key, {})
    said[keys[-1]] = value
