"""How an answer goes while it is written: counts of real tokens, from the engine's steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from mlxk.engine.base import Done, EngineStep, Prefill, Tokens


@dataclass(slots=True)
class Pace:
    """Of one answer. `clock` gives seconds."""

    clock: Callable[[], float] = time.perf_counter
    prompt_tokens: int = 0
    tokens: int = 0
    _first: int = 0  # tokens of the first step
    _since: float = 0.0
    _until: float = 0.0

    def feed(self, step: EngineStep) -> None:
        match step:
            case Prefill():
                self.prompt_tokens = step.total
            case Tokens():
                self._until = self.clock()
                if not self.tokens:
                    self._first, self._since = len(step.ids), self._until
                self.tokens += len(step.ids)
            case Done():
                pass
            case _:
                assert_never(step)

    @property
    def context_used(self) -> int:
        """Tokens of prompt and answer."""
        return self.prompt_tokens + self.tokens

    @property
    def tokens_per_second(self) -> float | None:
        """The rate of the tokens after the first ones; `None` where there are none."""
        seconds = self._until - self._since
        return (self.tokens - self._first) / seconds if seconds > 0 else None
