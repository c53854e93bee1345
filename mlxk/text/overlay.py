"""A profile's own markers laid over a grammar of headers (harmony)."""

from __future__ import annotations

import re
from dataclasses import replace

from mlxk.text.grammar import ROUTED, Exit, Grammar, Route, Span, State, distinct


def overlay(grammar: Grammar, pairs: tuple[Span, ...]) -> Grammar:
    """Lay markers over a grammar of headers (harmony).

    The rule: a marker whose start ends with the token that ends headers (`<|message|>`) is a route from the
    header before it to a state of the marker's kind, tried after recipients (`to=…` stays a tool call) and
    before the grammar's own routes; its end leads to the next header. All else of the grammar still holds.
    """
    states = dict(grammar.states)
    header_names = [name for name, state in states.items() if state.kind == "header"]
    entry = next(name for name in header_names if states[name].words)
    routes: list[Route] = []
    for index, pair in enumerate(pairs):
        own = Exit(pair.end, entry)
        base = next(state for state in states.values() if state.kind == pair.kind)
        name = f"marker{index}"
        states[name] = replace(base, name=name, exits=distinct((*base.exits, own)))
        routes.append(Route(_header_pattern(states[entry], pair.start), name))
    for name in header_names:
        state = states[name]
        recipients = tuple(route for route in state.routes if states[route.to].kind == "tool")
        others = tuple(route for route in state.routes if states[route.to].kind != "tool")
        states[name] = replace(state, routes=(*recipients, *routes, *others))
    return replace(grammar, states=states)


def fits(grammar: Grammar, pairs: tuple[Span, ...]) -> bool:
    """Whether every marker starts with a header of this grammar, so that `overlay` can take it."""
    ends = tuple(
        item.delimiter for state in grammar.states.values() for item in state.exits if item.to == ROUTED
    )
    return bool(ends) and all(pair.start.endswith(ends) for pair in pairs)


def _header_pattern(entry: State, start: str) -> str:
    """A marker's start as a pattern over headers: its literal pieces, in order."""
    header = start
    for item in entry.exits:
        if item.to == ROUTED:
            header = header.removesuffix(item.delimiter)
    return re.escape(header.strip()) + r"(?!\w)"
