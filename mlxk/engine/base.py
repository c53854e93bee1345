"""The engine's interface: what goes in, what comes out, and what an engine promises.

An engine owns one model. It takes token ids and gives token ids; it knows nothing of text, templates or
dialects. The same contract tests run over every implementation: a thread in this process, a child
process, and the scripted engine of the tests.

These types are also the messages between the front and an engine process (msgpack), so they hold plain
values only.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Literal, Protocol, Self

import msgspec

from mlxk.requests import ReasoningBudget, SamplingParams

Isolation = Literal["process", "thread"]
Backend = Literal["ring", "jaccl", "jaccl-ring", "nccl"]


class KVQuantization(msgspec.Struct, frozen=True, kw_only=True):
    """Keys and values in `bits` bits, in groups of `group_size`, from the token `start` of a sequence on."""

    bits: int
    group_size: int = 64
    start: int = 0


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A small model that guesses up to `tokens` tokens ahead; the large one checks them in one pass."""

    model_path: str
    tokens: int = 3


class PromptFolder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that keeps prompt caches when the engine ends. Entries are written when the engine has had
    nothing to do for `idle_seconds`, and when it is closed."""

    path: str
    max_bytes: int = 10 << 30
    idle_seconds: float = 30.0


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One rank's machine, as `mlx.launch` knows it: where ssh finds it, its addresses, and its RDMA devices
    towards each of the ranks."""

    ssh: str
    ips: tuple[str, ...] = ()
    rdma: tuple[str | None, ...] = ()

    @property
    def here(self) -> bool:
        """Whether `mlx.launch` starts this rank without ssh."""
        return self.ssh == "127.0.0.1"


class Distributed(msgspec.Struct, frozen=True, kw_only=True):
    """A model over several ranks, one for each of `hosts`, the first of which is on this machine.

    `tensor`: each rank computes a part of every layer; `pipeline`: some of the layers. `port` is the first of
    those that the ranks use between them; `None`: any, which works on one machine only. `python` is the
    interpreter to start; `None`: the path of this one.
    """

    hosts: tuple[Host, ...]
    backend: Backend = "ring"
    mode: Literal["tensor", "pipeline"] = "tensor"
    port: int | None = None
    python: str | None = None

    @property
    def local(self) -> int:
        """How many of the ranks are on this machine, as far as the hosts say."""
        return max(sum(host.here for host in self.hosts), 1)


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to load one model. Sizes in bytes, lengths in tokens, paths are folders.

    `prepare_constraints`: get ready for constrained output while loading, not at the first such request.
    `memory_bytes`: the most that MLX is to hold; before it takes more, the engine gives up cached prompts,
    lets newcomers wait and sets running requests aside. `adapters` are those that requests may name.
    `tokenizer_path` of `None` is `model_path`.
    """

    model_path: str
    context_length: int
    isolation: Isolation = "process"
    tokenizer_path: str | None = None
    adapters: tuple[str, ...] = ()
    draft: Draft | None = None
    kv: KVQuantization | None = None
    trust_remote_code: bool = False
    max_concurrency: int = 8
    prefill_step: int = 512
    prompt_cache_bytes: int = 2 << 30
    prompt_cache_entries: int = 16
    prompt_folder: PromptFolder | None = None
    prepare_constraints: bool = False
    distributed: Distributed | None = None
    memory_bytes: int | None = None


class JsonSchemaConstraint(msgspec.Struct, frozen=True, tag="json_schema"):
    """JSON text of a schema. `param` is the request's field that errors name."""

    schema: str
    param: str = "response_format"


class RegexConstraint(msgspec.Struct, frozen=True, tag="regex"):
    """In the syntax of Rust's regex crate; the whole output must match."""

    pattern: str
    param: str = "response_format"


class LarkConstraint(msgspec.Struct, frozen=True, tag="lark"):
    """A grammar in llguidance's dialect of Lark."""

    grammar: str
    param: str = "response_format"


Constraint = JsonSchemaConstraint | RegexConstraint | LarkConstraint


class FramedConstraint(msgspec.Struct, frozen=True, tag="framed"):
    """Constraints within a larger output: `frame` is Lark text that uses the names of `parts` as rules.

    In a frame, `<[7]>` is the token with the id 7.
    """

    frame: str
    parts: dict[str, Constraint]


class EngineRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One generation. `max_tokens` counts every sampled token; `stop_tokens` end it when sampled.

    `top_logprobs` of `None`: no log-probabilities are computed; `n >= 0`: that of each sampled token and
    of the `n` most likely ones. `constraint` holds for the whole output, reasoning included. `adapter` is one
    of the `EngineConfig`'s. `shared` tokens at the prompt's beginning are likely to begin other prompts too.
    """

    id: str
    prompt: tuple[int, ...]
    max_tokens: int
    sampling: SamplingParams
    stop_tokens: tuple[int, ...]
    top_logprobs: int | None = None
    reasoning_budget: ReasoningBudget | None = None
    constraint: Constraint | FramedConstraint | None = None
    adapter: str | None = None
    shared: int = 0


class Prefill(msgspec.Struct, frozen=True, tag="prefill"):
    """`processed` of `total` prompt tokens are in the KV cache; `cached` of them were there before."""

    processed: int
    total: int
    cached: int


class Tokens(msgspec.Struct, frozen=True, tag="tokens"):
    """Sampled token ids, a stop token included. `logprobs` is as long as `ids`, or empty if not asked.

    Each item of `top` is the most likely (id, log-probability) pairs at that position.
    """

    ids: tuple[int, ...]
    logprobs: tuple[float, ...] = ()
    top: tuple[tuple[tuple[int, float], ...], ...] = ()


DoneReason = Literal["stop", "length", "cancelled"]


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The last step. `stop`: a stop token or the constraint ended it; seconds since the engine took it."""

    reason: DoneReason
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    queue_seconds: float
    first_token_seconds: float
    total_seconds: float


EngineStep = Prefill | Tokens | Done


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot. Bytes as MLX counts them."""

    state: Literal["unloaded", "starting", "ready", "draining", "dead"]
    running: int
    waiting: int
    active_bytes: int = 0
    peak_bytes: int = 0
    cache_bytes: int = 0


# Of an engine that nothing can be asked of yet, and no more.
STARTING = EngineStats(state="starting", running=0, waiting=0)
DEAD = EngineStats(state="dead", running=0, waiting=0)


class Engine(Protocol):
    """One loaded model that generates for many requests at once.

    Entering loads the model (raises `ModelError` or `InsufficientMemory` with the reason); leaving, on any
    way out, ends all generations and gives the memory back.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def generate(self, request: EngineRequest) -> AsyncGenerator[EngineStep, None]:
        """Steps as they happen: `Prefill*, Tokens*, Done`.

        Closing the iterator early, or cancelling the task that reads it, cancels the generation within one
        step. Raises `EngineCrashed` when the engine dies, `EngineUnavailable` when it is not ready,
        `RequestError` when this model cannot do what was asked.
        """
        ...

    async def cancel(self, request_id: str) -> None:
        """End a generation within one step; its iterator then gives `Done(reason="cancelled")`."""
        ...

    async def stats(self) -> EngineStats: ...
