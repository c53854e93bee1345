"""Where each token's log-probability belongs in the text that is shown."""

from __future__ import annotations

from collections import deque

from mlxk.events import TokenLogprob
from mlxk.text.blocks import Placed


class Placing:
    """Follows the text of tokens into the scanner, and the text of pieces and delimiters out of it."""

    def __init__(self) -> None:
        self._fed = 0
        self._consumed = 0
        # Of each token: the characters it stands for, from and to.
        self._spans: deque[tuple[int, int, TokenLogprob]] = deque()
        self._waiting: list[TokenLogprob] = []

    def feed(self, text: str, logprob: TokenLogprob | None) -> None:
        """A token and its text. One that only begins a character stands where the whole one does."""
        end = self._fed + len(text)
        if logprob is not None:
            self._waiting.append(logprob)
            if text:
                self._spans += [(self._fed, end, item) for item in self._waiting]
                self._waiting.clear()
        self._fed = end

    def take(self, size: int) -> list[Placed]:
        """Those of tokens that begin in the next `size` characters, or began before and reach into them."""
        start, end = self._consumed, self._consumed + size
        self._consumed = end
        placed: list[Placed] = []
        while self._spans and self._spans[0][0] < end:
            begin, _, item = self._spans.popleft()
            placed.append((max(begin - start, 0), item))
        return placed

    def drop(self, size: int) -> None:
        """The next `size` characters are not shown, nor are the tokens that end in them."""
        self._consumed += size
        while self._spans and self._spans[0][1] <= self._consumed:
            self._spans.popleft()
