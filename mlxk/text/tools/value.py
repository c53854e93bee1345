"""Where one JSON value ends, found one character at a time."""

from __future__ import annotations

_CLOSERS = {"{": "}", "[": "]"}


class ValueEnd:
    """Follows the characters of one JSON value. Brackets in strings do not count.

    `feed(char)` is `"more"` while the value goes on, `"last"` for its last character, `"after"` for the
    first character behind a number or a word (which alone do not show where they end), and `"bad"` for a
    bracket that closes another.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._in_string = False
        self._escaped = False
        self._bare = False

    def feed(self, char: str) -> str:
        if self._in_string:
            return self._string(char)
        if self._bare:
            return "after" if char in ",}] \t\r\n" else "more"
        if char == '"':
            self._in_string = True
            return "more"
        if char in _CLOSERS:
            self._open.append(_CLOSERS[char])
            return "more"
        if char in "}]":
            return self._close(char)
        self._bare = not self._open
        return "more"

    def _string(self, char: str) -> str:
        if self._escaped:
            self._escaped = False
        elif char == "\\":
            self._escaped = True
        elif char == '"':
            self._in_string = False
            return "more" if self._open else "last"
        return "more"

    def _close(self, char: str) -> str:
        if not self._open or self._open.pop() != char:
            return "bad"
        return "more" if self._open else "last"
