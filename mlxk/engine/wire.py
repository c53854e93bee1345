"""What a front and an engine's worker say to each other, and how that travels through a socket.

A frame is a length (4 bytes, big-endian) and that many bytes of msgpack. A worker sends one `Steps` for all
generations together in each of its steps; an empty one is a heartbeat.
"""

from __future__ import annotations

import queue
import struct
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from mlxk import errors
from mlxk.engine.base import EngineConfig, EngineRequest, EngineStats, EngineStep
from mlxk.errors import EngineError, MlxkError

_LENGTH = struct.Struct(">I")


class Load(msgspec.Struct, frozen=True, tag="load"):
    """The first thing a child hears."""

    config: EngineConfig


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """`key` names the generation from here on; a front never uses one twice, as clients may use an id.

    `seed` counts where the request has none.
    """

    key: int
    request: EngineRequest
    seed: int


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    key: int


class Close(msgspec.Struct, frozen=True, tag="close"):
    """Write what is to be kept, and end. A socket that ends means to end at once."""


class Limit(msgspec.Struct, frozen=True, tag="limit"):
    """The most bytes that MLX is to hold from here on."""

    memory_bytes: int


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    """An `MlxkError` as data; `kind` is its class's name."""

    kind: str
    message: str
    hint: str | None = None
    param: str | None = None

    @classmethod
    def of(cls, error: MlxkError) -> Failure:
        return cls(type(error).__name__, error.message, error.hint, error.param)

    def error(self) -> MlxkError:
        known = getattr(errors, self.kind, EngineError)
        return known(self.message, hint=self.hint, param=self.param)


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The model is loaded."""

    stats: EngineStats


class Steps(msgspec.Struct, frozen=True, tag="steps"):
    """What happened in one step, as (key, step) pairs in order."""

    items: tuple[tuple[int, EngineStep | Failure], ...]
    stats: EngineStats


class Pulse(msgspec.Struct, frozen=True, tag="pulse"):
    """The process runs, whatever its worker does."""


class Decisions(msgspec.Struct, frozen=True):
    """What depends on time in one step of a scheduler.

    `alone` and `shared`: tokens of prompts that may be processed, while nobody decodes and while somebody
    does; `compiled`: the keys of those whose constraint is ready; `entries`: how many the prompt cache may
    keep, where its own bounds are not enough; `aside`: the keys of those that have to make room; `admit`: how
    many newcomers there is room for.
    """

    alone: int
    shared: int
    compiled: tuple[int, ...] = ()
    entries: int | None = None
    aside: tuple[int, ...] = ()
    admit: int = 0


class Turn(msgspec.Struct, frozen=True, tag="turn"):
    """One step of a group's first rank, for the others to take too."""

    commands: tuple[Submit | Cancel, ...]
    decisions: Decisions


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first thing that a rank says to the first one."""

    rank: int
    token: str


class Wake:
    """Ends the wait of an idle worker: something was compiled. It never travels."""


Command = Load | Submit | Cancel | Limit | Close
Inbox = queue.SimpleQueue[Command | Wake | None]
Report = Ready | Steps | Failure | Pulse
Order = Load | Turn
Answer = Hello | Failure

M = TypeVar("M")


def encode(message: Command | Report | Order | Answer | Pulse) -> bytes:
    """One frame."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


class FrameDecoder(Generic[M]):
    """Bytes in pieces of any size to messages of one union type."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[M]) -> None:
        self._decoder = decoder
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[M]:
        """The messages that are complete now."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield self._decoder.decode(body)


def command_decoder() -> FrameDecoder[Command | Pulse]:
    return FrameDecoder(msgspec.msgpack.Decoder(Command | Pulse))


def report_decoder() -> FrameDecoder[Report]:
    return FrameDecoder(msgspec.msgpack.Decoder(Report))


def order_decoder() -> FrameDecoder[Order | Pulse]:
    return FrameDecoder(msgspec.msgpack.Decoder(Order | Pulse))


def answer_decoder() -> FrameDecoder[Answer | Pulse]:
    return FrameDecoder(msgspec.msgpack.Decoder(Answer | Pulse))
