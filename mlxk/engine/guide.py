"""What may restrict the next token of one request: a reasoning budget, here, or a constraint.

A guide sees every sampled token and says, before a token is drawn, which ids are allowed. Decoding runs one
step ahead of what the host has read, so a guide also says when it may restrict the *next* token at all:
only then does the batch wait for the tokens it has already drawn.
"""

from __future__ import annotations

from typing import Protocol

from mlxk.errors import MlxkError
from mlxk.requests import ReasoningBudget


class Guide(Protocol):
    def accept(self, token: int) -> None:
        """Take the next sampled token."""
        ...

    @property
    def binding(self) -> bool:
        """Whether the token after the next accepted one may be restricted."""
        ...

    @property
    def forced(self) -> int | None:
        """The only id allowed now, if there is only one."""
        ...

    @property
    def mask(self) -> bytes | None:
        """One bit for each id, lowest bit first, set where it is allowed now; `None` for no restriction."""
        ...

    @property
    def complete(self) -> bool:
        """Whether nothing may follow the last accepted token."""
        ...

    @property
    def failure(self) -> MlxkError | None:
        """Why the generation cannot go on."""
        ...


class SequenceMatcher:
    """Finds one sequence of ids in a stream (Knuth, Morris, Pratt); `matched` ids of it end the stream."""

    def __init__(self, wanted: tuple[int, ...]) -> None:
        self._wanted = wanted
        self._failure = _failures(wanted)
        self.matched = 0

    def feed(self, token: int) -> bool:
        """Take one id; true when it completes the sequence."""
        while self.matched and self._wanted[self.matched] != token:
            self.matched = self._failure[self.matched - 1]
        if self._wanted[self.matched] == token:
            self.matched += 1
        if self.matched < len(self._wanted):
            return False
        self.matched = 0
        return True


def _failures(wanted: tuple[int, ...]) -> list[int]:
    table = [0] * len(wanted)
    length = 0
    for index in range(1, len(wanted)):
        while length and wanted[index] != wanted[length]:
            length = table[length - 1]
        if wanted[index] == wanted[length]:
            length += 1
        table[index] = length
    return table


class BudgetGuide:
    """Ends reasoning after `limit` tokens by forcing the rest of the end marker."""

    mask: bytes | None = None
    complete: bool = False
    failure: MlxkError | None = None

    def __init__(self, budget: ReasoningBudget) -> None:
        self._limit = budget.limit
        self._start = SequenceMatcher(budget.start) if budget.start else None
        self._end = SequenceMatcher(budget.end)
        self._end_ids = budget.end
        self._inside = budget.opened
        self._spent = 0

    def accept(self, token: int) -> None:
        if self._inside:
            self._spent += 1
            self._inside = not self._end.feed(token)
        elif self._start is not None and self._start.feed(token):
            self._inside = True

    @property
    def binding(self) -> bool:
        if self._inside:
            return self._spent + 1 >= self._limit
        return self._start is not None and self._limit - self._spent <= 0

    @property
    def forced(self) -> int | None:
        if self._inside and self._spent >= self._limit:
            return self._end_ids[self._end.matched]
        return None
