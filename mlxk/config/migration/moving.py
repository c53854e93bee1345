"""The edits that carry a move out in a text, and the same move on what the text says."""

from __future__ import annotations

from typing import Any

from mlxk.config.migration.moves import Move
from mlxk.config.origins import dotted
from mlxk.config.renames import Keys
from mlxk.config.schema import model_table
from mlxk.config.yaml.edits import Edit, added, braced, moved, removed, renamed, replaced, wrapped
from mlxk.config.yaml.layout import Layout, Unchangeable
from mlxk.config.yaml.spans import AliasSpan, MapSpan, ScalarSpan, data, parse


def edits(move: Move, layout: Layout) -> list[Edit]:
    """What to do to the text. Raises `Unchangeable`."""
    home, rest = _home(move)
    first, *others = move.at
    if home is None:
        return _into_short_form(move, layout)
    if home is move.source:
        key, value = home.pairs[first]
        if len(rest) > 1:
            done = [wrapped(layout, home, first, rest, move.new)]
        else:
            done = [renamed(layout, key, rest[0])] if key.value != rest[0] else []
            done += [replaced(layout, value, move.new)] if move.new is not None else []
        return done + [removed(layout, home, at, with_comments=False) for at in others]
    left = move.scope.span.index(move.container[0]) if move.container else None
    behind = left if left is not None and home is move.scope.span else len(home.pairs) - 1
    if left is not None and move.empties:
        return _instead_of_section(move, home, rest, left, layout)
    if home.flow or move.source.flow:
        entry = move.new or layout.value_text(move.value)
        gone = [removed(layout, move.source, at, with_comments=False) for at in move.at]
        return [added(layout, home, behind, rest, entry), *gone]
    return [
        moved(layout, move.source, first, home, behind, rest, move.new),
        removed(layout, move.source, first, with_comments=True),
        *(removed(layout, move.source, at, with_comments=False) for at in others),
    ]


def _instead_of_section(move: Move, home: MapSpan, rest: Keys, left: int, layout: Layout) -> list[Edit]:
    """The move of all that a section has: it goes."""
    place = move.scope.span
    entry = move.new or layout.value_text(move.value)
    if place.flow and home is place:
        key, value = place.pairs[left]
        return [Edit(key.start, value.end, braced(rest, entry))]
    behind = left if home is place else len(home.pairs) - 1
    return [added(layout, home, behind, rest, entry), removed(layout, place, left, with_comments=False)]


def _home(move: Move) -> tuple[MapSpan | None, Keys]:
    """The innermost mapping on the way to the new place that is there, and the keys that are not.

    None for a model's short form, `model: org/name`.
    """
    home = move.scope.span
    for depth, name in enumerate(move.to):
        found = [
            at
            for at, (key, _) in enumerate(home.pairs)
            if key.value.removesuffix("+") == name.removesuffix("+")
        ]
        if not found or (home is move.source and found[0] in move.at):
            return home, move.to[depth:]
        where = dotted((*move.scope.path, *move.to[: depth + 1]))
        old = move.keys[0].value
        if depth == len(move.to) - 1:
            raise Unchangeable(f"`{old}` is `{move.target}` here, which is set as well")
        match home.pairs[found[0]][1]:
            case MapSpan(anchor=None) as below:
                home = below
            case ScalarSpan() if where.endswith("model") and depth == 0:
                return None, move.to[depth + 1 :]
            case MapSpan() | AliasSpan():
                raise Unchangeable(f"`{old}` is `{move.target}` here, but `{where}` has an anchor")
            case _:
                raise Unchangeable(f"`{old}` is `{move.target}` here, but `{where}` is no mapping")
    raise Unchangeable(f"`{move.target}` is there already")


def _into_short_form(move: Move, layout: Layout) -> list[Edit]:
    """`model: org/name` becomes `model: {repo: org/name, revision: …}`."""
    model = move.scope.span.value("model")
    if not isinstance(model, ScalarSpan) or model.tag.rpartition(":")[2] != "str":
        raise Unchangeable("`model` is no text")
    (form,) = model_table(model.value)
    value = move.new or layout.value_text(move.value)
    text = f"{{{form}: {layout.value_text(model)}, {braced(move.to[1:], value)}}}"
    gone = [removed(layout, move.source, at, with_comments=False) for at in move.at]
    return [Edit(model.start, model.end, text), *gone]


def carry_out(move: Move, said: Any) -> None:
    """The move, on what the text says (see `spans.data`)."""
    scope = said
    for segment in move.scope.path:
        scope = scope[segment]
    source = scope[move.container[0]] if move.container else scope
    values = [source.pop(key.value) for key in move.keys]
    if move.container and not source:
        del scope[move.container[0]]
    model = scope.get("model")
    if move.to[0] == "model" and isinstance(model, tuple):
        (form,) = model_table(model[1])
        scope["model"] = {form: model}
    for segment in move.to[:-1]:
        scope = scope.setdefault(segment, {})
    scope[move.to[-1]] = values[0] if move.new is None else data(parse(move.new))
