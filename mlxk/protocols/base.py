"""What a dialect is: how a body becomes generations, and how events become that dialect's answer.

A dialect is a module that satisfies `Dialect` or `Catalogue`; `mlxk.protocols` lists them in two tables. It
knows no HTTP and adds no default: what a body does not say stays unsaid, and the profile decides. What it
cannot honour it refuses by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol

from mlxk.errors import EngineUnavailable, MlxkError, ModelNotFound
from mlxk.events import Completion, Event, Finish, FinishReason
from mlxk.requests import GenerationRequest

Json = Mapping[str, object]
Expose = Literal["reasoning", "reasoning_content", "both", "inline", "drop"]

_LATEST = ":latest"


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """What a model's files are. `parameters` counts weights, `bytes` their size, `modified` is a Unix time.

    `shape` holds the numbers of the architecture and `settings` those of the profile, under GGUF's and
    Ollama's names. `accelerated`: its memory is a GPU's.
    """

    family: str = "unknown"
    parameters: int = 0
    quantization: str = "unknown"
    bytes: int = 0
    modified: float = 0.0
    template: str = ""
    shape: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    capabilities: tuple[str, ...] = ("completion",)
    accelerated: bool = False


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a dialect may tell about a served model. `created` is a Unix time, `context_length` in tokens.

    `expose` says where reasoning goes in an answer, `state` whether the model is in memory: `memory_bytes` of
    it, until the Unix time `expires_at`, or for good.
    """

    id: str
    created: int
    context_length: int
    config_hash: str
    aliases: tuple[str, ...] = ()
    expose: Expose = "both"
    state: str = "ready"
    details: ModelDetails = field(default_factory=ModelDetails)
    memory_bytes: int = 0
    expires_at: float | None = None


class Encoder(Protocol):
    """Turns the events of one request into its answer: streamed through `feed` and `end`, or whole.

    Events of several generations may interleave; `choice` is the index into `ParsedRequest.generations`.
    Both ways raise the error that a `Failed` event carries.
    """

    def feed(self, choice: int, event: Event) -> bytes:
        """The frames that this event becomes; empty if none."""
        ...

    def end(self) -> bytes:
        """The frames that follow the last event of the last generation."""
        ...

    def fail(self, error: MlxkError) -> bytes:
        """The frames that tell, in mid-stream, that generation broke off."""
        ...

    def body(self, completions: Sequence[Completion]) -> Json:
        """The answer of a request that did not stream, one completion for each generation."""
        ...


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A body, understood. `model` is empty when the body names none.

    Without any generation it asks for the model alone: to be loaded, or to be unloaded if `keep_alive` is 0.
    `keep_alive` is how many seconds the model stays in memory after this request, infinity for good, `None`
    where the body does not say.
    """

    model: str
    stream: bool
    generations: tuple[GenerationRequest, ...]
    encoder: Callable[[ModelCard], Encoder]
    keep_alive: float | None = None


class Generator(Protocol):
    """An endpoint that generates. `KEEP_ALIVE` is a frame that clients skip, empty if there is none."""

    STREAM_TYPE: str
    KEEP_ALIVE: bytes

    def error_body(self, error: MlxkError) -> Json: ...


class Dialect(Generator, Protocol):
    """One that needs to know nothing but the body."""

    def parse(self, body: Json) -> ParsedRequest:
        """Raises `RequestError` naming the field."""
        ...


class Store(Protocol):
    """Where one caller's answers are kept by their id. It is bounded: any of them may be gone."""

    def keep(self, response_id: str, record: bytes) -> None: ...

    def recall(self, response_id: str) -> bytes | None: ...

    def forget(self, response_id: str) -> None: ...


class Conversation(Generator, Protocol):
    """One whose answers are kept: later requests build upon them, and ask for them below its path."""

    def parse(self, body: Json, store: Store) -> ParsedRequest:
        """Raises `RequestError` naming the field."""
        ...

    def methods(self, tail: str) -> tuple[str, ...]:
        """What can be done at the decoded path below the endpoint; raises `RouteNotFound`."""
        ...

    def look(self, method: str, tail: str, query: Mapping[str, str], store: Store) -> Json:
        """The answer to a request below the endpoint's path; raises `RequestError`."""
        ...


class Counter(Protocol):
    """An endpoint that counts the tokens of a prompt."""

    def parse(self, body: Json, store: Store) -> GenerationRequest:
        """Raises `RequestError` naming the field."""
        ...

    def answer(self, count: int) -> Json: ...

    def error_body(self, error: MlxkError) -> Json: ...


class Catalogue(Protocol):
    """An endpoint that tells about the served models. `SUBTREE`: it also answers below its path."""

    METHODS: tuple[str, ...]
    SUBTREE: bool

    def answer(self, tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
        """`tail` is the decoded path below the endpoint, `body` empty unless one was posted."""
        ...

    def error_body(self, error: MlxkError) -> Json: ...


@dataclass(slots=True)
class Refusal:
    """A `Catalogue` that is none: an endpoint which clients know, and which says why it is not here."""

    METHODS: tuple[str, ...]
    reason: Callable[[], MlxkError]
    error_body: Callable[[MlxkError], Json]
    SUBTREE: bool = False

    def answer(self, tail: str, body: Json, cards: Sequence[ModelCard]) -> Json:
        raise self.reason()


def finished(finish: Finish) -> Literal["stop", "length", "tool_calls"]:
    """Why a whole answer ended; raises `EngineUnavailable` for one that was cut off by cancelling it."""
    reason: FinishReason = finish.reason
    if reason == "cancelled":
        raise EngineUnavailable("The generation was cancelled before it was finished.")
    return reason


def find_card(name: str, cards: Sequence[ModelCard]) -> ModelCard:
    """The model with this name or alias; an empty name stands for the only one. Raises `ModelNotFound`.

    A name without a tag and the same name with the tag `latest` are one, as Ollama's clients have it.
    """
    if not name and len(cards) == 1:
        return cards[0]
    for known in (name, name.removesuffix(_LATEST), f"{name}{_LATEST}"):
        for card in cards:
            if known and (known == card.id or known in card.aliases):
                return card
    said = f"The model '{name[:200]}' does not exist here." if name else "The body must name a model."
    raise ModelNotFound(said, hint=f"Served: {', '.join(card.id for card in cards)}.", param="model")
