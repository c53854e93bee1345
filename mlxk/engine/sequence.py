"""One generation inside an engine: what was asked, how far it is, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mlxk.engine.base import Done, DoneReason, EngineRequest, Prefill
from mlxk.engine.entries import Kind
from mlxk.engine.guide import BudgetGuide, Guide
from mlxk.engine.sampling import Processor, Sampler, processors, seed_word
from mlxk.errors import MlxkError


@dataclass(slots=True, eq=False)
class Sequence:
    """Times in seconds on the engine's clock. `tokens` are those whose keys and values `cache` holds.

    `checkpoints` are the lengths at which the prompt cache wants a copy. `target` is what has to be in the
    cache before it decodes, and the token behind that: the prompt, or more when it was set aside while it
    decoded; then `row` waits for it.
    """

    key: int
    request: EngineRequest
    sampler: Sampler
    processors: tuple[Processor, ...]
    guides: tuple[Guide, ...]
    seed: int
    limit: int
    arrived: float
    admitted: float | None = None
    first_token: float | None = None
    cached: int = 0
    produced: int = 0
    drawn: int = 0
    tokens: list[int] = field(default_factory=list)
    cache: list[Any] | None = None
    checkpoints: dict[int, Kind] = field(default_factory=dict)
    target: tuple[int, ...] = ()
    row: Any = None

    @classmethod
    def of(cls, key: int, request: EngineRequest, *, limit: int, seed: int, now: float) -> Sequence:
        """`limit` is the most tokens it may produce; `seed` is used where the request has none."""
        params = request.sampling
        budget = request.reasoning_budget
        return cls(
            key=key,
            request=request,
            sampler=Sampler.of(params, request.stop_tokens),
            processors=processors(params),
            guides=() if budget is None else (BudgetGuide(budget),),
            seed=seed_word(seed if params.seed is None else params.seed),
            limit=limit,
            arrived=now,
            target=request.prompt,
        )

    @property
    def remaining_prompt(self) -> int:
        """Tokens of the target that are not in the cache yet."""
        return max(len(self.target) - len(self.tokens), 0)

    def set_aside(self, row: Any = None) -> None:
        """Forget the keys and values. `row` is what there is in a batch of one that decoded."""
        if row is not None:
            self.row = row
            self.target = (*self.tokens, int(row.input.item()))
        self.tokens, self.cache = [], None

    def take(self, token: int, now: float) -> Literal["stop", "length"] | None:
        """Count a produced token; gives the reason to end, if this was the last one."""
        self.produced += 1
        if self.first_token is None:
            self.first_token = now
        if token in self.request.stop_tokens or any(guide.complete for guide in self.guides):
            return "stop"
        return "length" if self.produced >= self.limit else None

    @property
    def failure(self) -> MlxkError | None:
        """Why this sequence cannot go on, if it cannot."""
        return next((guide.failure for guide in self.guides if guide.failure is not None), None)

    def progress(self) -> Prefill:
        total = len(self.request.prompt)
        return Prefill(processed=min(len(self.tokens), total), total=total, cached=self.cached)

    def done(self, reason: DoneReason, now: float) -> Done:
        admitted = now if self.admitted is None else self.admitted
        first = now if self.first_token is None else self.first_token
        return Done(
            reason=reason,
            prompt_tokens=len(self.request.prompt),
            cached_tokens=self.cached,
            completion_tokens=self.produced,
            queue_seconds=admitted - self.arrived,
            first_token_seconds=first - self.arrived,
            total_seconds=now - self.arrived,
        )
