"""An output grammar made ready for one vocabulary: delimiters as the alphabet writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property

from mlxk.text.grammar import Grammar, State


class CompiledState:
    """One state against a vocabulary: `targets` maps delimiters, as the alphabet writes them, to states."""

    def __init__(self, state: State, write: Callable[[str], str]) -> None:
        self.state = state
        self.targets = {write(item.delimiter): item.to for item in state.exits}
        longest_first = sorted(self.targets, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self.prefixes = frozenset(text[:size] for text in self.targets for size in range(1, len(text)))
        self.firsts = re.compile("|".join(sorted({re.escape(text[0]) for text in self.targets})) or r"(?!)")
        self.longest = max(map(len, self.targets), default=0)
        self.routes = tuple((re.compile(route.pattern), route.to) for route in state.routes)

    def quiet(self, text: str) -> bool:
        """Whether no delimiter can begin in `text`."""
        return self.firsts.search(text) is None

    def held(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a delimiter."""
        for size in range(min(self.longest - 1, len(text)), 0, -1):
            if text[-size:] in self.prefixes:
                return size
        return 0


class CompiledGrammar:
    """A grammar against a vocabulary. `spell` turns surrogates back into the text of their tokens."""

    def __init__(self, grammar: Grammar, write: Callable[[str], str], spell: Callable[[str], str]) -> None:
        self.grammar = grammar
        self.spell = spell
        self.write = write
        self.states: Mapping[str, CompiledState] = {
            name: CompiledState(state, write) for name, state in grammar.states.items()
        }

    def entries(self, name: str) -> tuple[str, ...]:
        """The delimiters that lead to a state of reasoning, longest first; none for other states."""
        if self.states[name].state.kind != "reasoning":
            return ()
        found = {text for state in self.states.values() for text, to in state.targets.items() if to == name}
        return tuple(sorted(found, key=len, reverse=True))

    @cached_property
    def turn(self) -> str | None:
        """The delimiter that begins a message, as the alphabet writes it."""
        return None if self.grammar.turn is None else self.write(self.grammar.turn)
