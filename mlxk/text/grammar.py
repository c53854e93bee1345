"""The output grammar: which text is reasoning, answer, tool call or plumbing, as data.

A grammar is a set of named states and the delimiters that switch between them. It is written with the
delimiters as the model spells them; `mlxk.text.scanner` compiles it against a vocabulary, where a special
token in a delimiter matches that token's id only, and ordinary text matches ordinary text.

States are of four kinds. `text` and `reasoning` are shown. `tool` is the body of tool calls, which its
`tool` format reads. `header` is collected and not shown: when a `ROUTED` delimiter ends it, the first route
whose pattern is found in it names the next state (harmony's `<|channel|>commentary to=functions.x`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mlxk.text.tools.format import ToolFormat

StateKind = Literal["text", "reasoning", "header", "tool"]

ROUTED = "*"
RETURN = "^"


@dataclass(frozen=True, slots=True)
class Exit:
    """`delimiter` ends the state; `to` is a state's name, `ROUTED`, or `RETURN` to where it was entered."""

    delimiter: str
    to: str


@dataclass(frozen=True, slots=True)
class Route:
    """A header in which `pattern` is found leads to `to`; its group `name` is a tool's name."""

    pattern: str
    to: str


@dataclass(frozen=True, slots=True)
class State:
    """A state. For headers, `words` are what one may begin with, `fillers` what else may stand in it.

    Text in a header's place that is made of anything else is an answer; so are fillers that nothing follows,
    and a header that no route takes.
    """

    name: str
    kind: StateKind
    exits: tuple[Exit, ...] = ()
    routes: tuple[Route, ...] = ()
    words: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    tool: ToolFormat | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """Where an output starts: a state, and what the prompt already wrote of its header."""

    state: str
    header: str = ""


@dataclass(frozen=True, slots=True)
class Grammar:
    """A whole grammar.

    `turn` is the delimiter that begins a message, if the grammar knows one; `trim` says that white space
    around reasoning and tool calls is decoration; `ends` are tokens that end a turn; `budget` is the text
    that begins reasoning and the text that, fed as if written by the model, ends it and begins the answer.
    """

    name: str
    states: Mapping[str, State]
    initial: str = "text"
    turn: str | None = None
    trim: bool = True
    ends: tuple[str, ...] = ()
    budget: tuple[str, str] | None = None
    bare: tuple[ToolFormat, ...] = field(default=())

    @property
    def delimiters(self) -> frozenset[str]:
        """Every delimiter of every state."""
        return frozenset(item.delimiter for state in self.states.values() for item in state.exits)


@dataclass(frozen=True, slots=True)
class Span:
    """Text between `start` and `end` is a block of kind `kind`."""

    start: str
    end: str
    kind: Literal["reasoning", "text"] = "reasoning"


def plain() -> Grammar:
    """All of the output is the answer, to the letter."""
    return Grammar("plain", {"text": State("text", "text")}, trim=False)


def spans(name: str, pairs: tuple[Span, ...], *, after: str = "\n\n", skip: tuple[str, ...] = ()) -> Grammar:
    """The common grammar: an answer with spans in it. `skip` are delimiters that only disappear.

    The end of a span that never began is swallowed too: templates often write the beginning themselves. What
    stood before it was shown as an answer and stays one: a stream takes nothing back.
    """
    entries = tuple(Exit(pair.start, f"span{index}") for index, pair in enumerate(pairs))
    strays = tuple(Exit(text, "text") for text in (*(pair.end for pair in pairs), *skip))
    states = {"text": State("text", "text", distinct((*entries, *strays)))}
    for index, pair in enumerate(pairs):
        skips = (Exit(text, f"span{index}") for text in skip)
        # A start that another one only begins may still come: `<|channel><|channel>thought`.
        fuller = (
            item for item in entries if item.delimiter.startswith(pair.start) and item != entries[index]
        )
        exits = distinct((Exit(pair.end, "text"), *skips, *fuller))
        states[f"span{index}"] = State(f"span{index}", pair.kind, exits)
    reasoning = next((pair for pair in pairs if pair.kind == "reasoning"), None)
    budget = None if reasoning is None else (reasoning.start, reasoning.end + after)
    return Grammar(name, states, budget=budget)


def reasoning_first(grammar: Grammar) -> Grammar:
    """Headers that name the reasoning channel lead there, whatever recipient they name as well."""
    states = {
        name: replace(
            state, routes=tuple(sorted(state.routes, key=lambda r: grammar.states[r.to].kind != "reasoning"))
        )
        for name, state in grammar.states.items()
    }
    return replace(grammar, states=states)


def with_tools(grammar: Grammar, formats: tuple[ToolFormat, ...], *, in_reasoning: bool = True) -> Grammar:
    """Tool calls are recognised in answers, and where wanted in reasoning, and lead back to that place."""
    delimited = {f"tool:{index}": item for index, item in enumerate(formats) if item.start}
    entries = tuple(Exit(item.start, name) for name, item in delimited.items())
    states: dict[str, State] = {}
    for name, state in grammar.states.items():
        shown = state.kind == "text" or (state.kind == "reasoning" and in_reasoning)
        strays = tuple(Exit(text, name) for item in formats for text in item.strays)
        states[name] = replace(state, exits=distinct((*state.exits, *entries, *strays))) if shown else state
    # A format without an end of its own ends where reasoning does.
    leave = tuple(
        item
        for state in grammar.states.values()
        for item in state.exits
        if state.kind == "reasoning" and item.to in grammar.states and grammar.states[item.to].kind == "text"
    )
    for name, item in delimited.items():
        ends = tuple(Exit(text, name if text == item.start else RETURN) for text in item.ends)
        endless = all(text == item.start for text in item.ends)
        states[name] = State(name, "tool", distinct((*ends, *leave)) if endless else ends, tool=item)
    bare = tuple(item for item in formats if item.opener)
    for index, item in enumerate(bare):
        states[f"bare:{index}"] = State(f"bare:{index}", "tool", tool=item)
    return replace(grammar, states=states, bare=bare)


def distinct(exits: tuple[Exit, ...]) -> tuple[Exit, ...]:
    """The first of each delimiter wins."""
    return tuple({item.delimiter: item for item in reversed(exits) if item.delimiter}.values())[::-1]
