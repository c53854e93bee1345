"""The scanner: one pass over generated text that follows the output grammar.

Text comes as the `Alphabet` writes it: ordinary characters, and one lone surrogate for each special token.
Surrogates cannot occur in decoded text, so a model (or a user, through it) that spells `<|end|>` letter by
letter never switches state, and every delimiter, be it one token, several, or plain text, is matched the
same way. The scanner holds back only what may still become a delimiter and loses nothing else: the text of
the `Piece`s and of the `Switch`es, joined, is the input. `Piece.text` keeps surrogates; whoever shows it
drops or spells them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlxk.text.compiled import CompiledGrammar
from mlxk.text.grammar import RETURN, ROUTED, Opened, State


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of the current state."""

    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Switch:
    """`text` was a delimiter (or a header with its delimiter); `tool_name` comes from a header."""

    before: State
    after: State
    text: str
    tool_name: str | None = None


Scan = Piece | Switch


class Scanner:
    """Follows one output. `feed` what was generated, in any pieces; `flush` once at its end."""

    def __init__(self, grammar: CompiledGrammar, opened: Opened) -> None:
        self._grammar = grammar
        self._state = grammar.states[opened.state]
        self._origin = self._state
        self._header = opened.header
        self._given = len(opened.header)
        self._buffer = ""
        # Models begin their reasoning although the prompt has begun it: that is not part of what they think.
        self._repeats = grammar.entries(opened.state)

    @property
    def state(self) -> State:
        return self._state.state

    @property
    def origin(self) -> State:
        """The state that the current one was entered from."""
        return self._origin.state

    @property
    def opened(self) -> Opened:
        """The scanner's place, for a `Scanner` that carries on from here."""
        header = self._header + self._buffer if self._state.state.kind == "header" else ""
        return Opened(self._state.state.name, header)

    def ends_with(self, char: str) -> bool:
        """Whether a delimiter of the current state begins with `char`."""
        return not self._state.quiet(char)

    def enter(self, name: str) -> None:
        """Go to a state without a delimiter, with nothing held back; `RETURN` leads back from it."""
        self._origin, self._state = self._state, self._grammar.states[name]

    def leave(self) -> None:
        """Go back to where the current state was entered from."""
        self._state = self._origin

    def feed(self, text: str) -> list[Scan]:
        idle = not self._buffer and not self._repeats
        if idle and self._state.state.kind != "header" and self._state.quiet(text):
            return [Piece(self._state.state, text)] if text else []
        self._buffer += text
        scans: list[Scan] = []
        while self._step(scans):
            pass
        return scans

    def flush(self) -> list[Scan]:
        """What was held back is not a delimiter after all; a header without an end is not shown."""
        scans: list[Scan] = []
        while self._step(scans, final=True):
            pass
        return scans

    def _step(self, scans: list[Scan], *, final: bool = False) -> bool:
        """Take one delimiter, or all text that is certain; false when more input is needed."""
        if self._repeats and self._undecided(scans, final):
            return False
        current, buffer = self._state, self._buffer
        match = current.pattern.search(buffer)
        certain = len(buffer) if final else len(buffer) - current.held(buffer)
        # A longer delimiter may begin earlier, or be what this match grows into.
        if match is not None and certain <= match.start() and certain < len(buffer):
            match = None
        end = certain if match is None else match.start()
        if current.state.kind == "header":
            return self._header_step(scans, match, end, final)
        if end:
            scans.append(Piece(current.state, buffer[:end]))
        if match is None:
            self._buffer = buffer[end:]
            return False
        self._buffer = buffer[match.end() :]
        self._switch(scans, current.targets[match.group()], match.group(), None)
        return True

    def _undecided(self, scans: list[Scan], final: bool) -> bool:
        """Whether the output may still begin with what the prompt ended with; if it does, take it."""
        begun = self._buffer.lstrip()
        if not final and any(entry.startswith(begun) and entry != begun for entry in self._repeats):
            return True
        found = next((entry for entry in self._repeats if begun.startswith(entry)), None)
        self._repeats = ()
        if found is not None:
            size = len(self._buffer) - len(begun) + len(found)
            scans.append(Switch(self.state, self.state, self._buffer[:size]))
            self._buffer = self._buffer[size:]
        return False

    def _header_step(self, scans: list[Scan], match: re.Match[str] | None, end: int, final: bool) -> bool:
        header = self._header + self._buffer[:end]
        target = None if match is None else self._state.targets[match.group()]
        ended = final if match is None else target != ROUTED
        routed = self._route(header) if self._state.routes and (target == ROUTED or final) else None
        if self._is_answer(header[self._given :], final=ended) or (header and routed == _NOWHERE):
            # Not a header after all: the text goes through the answer's own delimiters.
            self._buffer, self._header = header[self._given :] + self._buffer[end:], ""
            self._given = 0
            self._state = self._grammar.states[self._fallback()]
            return True
        if match is None or target is None:
            self._header, self._buffer = header, self._buffer[end:]
            return False
        written = header[self._given :] + match.group()
        self._buffer, self._header, self._given = self._buffer[match.end() :], "", 0
        name: str | None = None
        if routed is not None and target == ROUTED:
            target, name = routed
        self._switch(scans, target, written, name)
        return True

    def _route(self, header: str) -> tuple[str, str | None]:
        # The prompt's part of a header ends a word.
        given, header = header[: self._given], header[self._given :]
        spelled = self._grammar.spell(f"{given} {header}".strip())
        for pattern, target in self._state.routes:
            if (found := pattern.search(spelled)) is not None:
                return target, found.groupdict().get("name")
        return _NOWHERE

    def _switch(self, scans: list[Scan], target: str, text: str, name: str | None) -> None:
        before = self._state
        after = self._origin if target == RETURN else self._grammar.states[target]
        if after is not before:
            self._origin = before
        self._state = after
        scans.append(Switch(before.state, after.state, text, name))

    def _fallback(self) -> str:
        """The state for text that has no header: the grammar's first answer state."""
        states = self._grammar.grammar.states.values()
        return next(state.name for state in states if state.kind == "text")

    def _is_answer(self, header: str, *, final: bool) -> bool:
        """Whether text at a header's place can no longer be a header: it begins with none of its words.

        At the output's end, so is a word that was only begun, and fillers without a header around them.
        """
        state = self._state.state
        known = (*state.words, *state.fillers)
        rest = header.lstrip()
        first: str | None = None
        while known and rest and not _surrogate(rest[0]):
            word = next((word for word in known if rest.startswith(word)), None)
            if word is None:
                return final or not any(word.startswith(rest) for word in known)
            first = first or word
            rest = rest[len(word) :]
            if word[-1] in "=.":
                rest = _VALUE.sub("", rest)
            elif rest and not rest[0].isspace() and not _surrogate(rest[0]):
                return True
            rest = rest.lstrip()
        return final and not rest and first in state.fillers


_NOWHERE = ("", None)
_VALUE = re.compile(r"^[^\s\ud800-\udfff]*")


def _surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"
