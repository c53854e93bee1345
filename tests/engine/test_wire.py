"""Messages survive the way through a socket, whatever its pieces."""

from __future__ import annotations

import pytest

from mlxk import errors
from mlxk.engine.base import (
    Distributed,
    Done,
    EngineConfig,
    EngineStats,
    Host,
    Prefill,
    ReasoningBudget,
    RegexConstraint,
    Tokens,
)
from mlxk.engine.wire import (
    Answer,
    Cancel,
    Command,
    Decisions,
    Failure,
    Hello,
    Load,
    Order,
    Ready,
    Report,
    Steps,
    Submit,
    Turn,
    answer_decoder,
    command_decoder,
    encode,
    order_decoder,
    report_decoder,
)
from mlxk.errors import EngineError, MlxkError, ModelError
from tests.engine.conftest import ask

STATS = EngineStats(state="ready", running=1, waiting=2, active_bytes=1 << 40)
DONE = Done(
    reason="stop",
    prompt_tokens=3,
    cached_tokens=1,
    completion_tokens=2,
    queue_seconds=0.5,
    first_token_seconds=0.25,
    total_seconds=1.0,
)
SUBMIT = Submit(
    7,
    ask(
        logit_bias=((1, 0.5), (2, -1.0)),
        seed=-5,
        reasoning_budget=ReasoningBudget(limit=1, start=(1,), end=(2, 3), opened=True),
        constraint=RegexConstraint("a+"),
    ),
    seed=3,
)
COMMANDS: list[Command] = [Load(EngineConfig(model_path="/ü", context_length=1)), SUBMIT, Cancel(7)]
ORDERS: list[Order] = [
    Load(EngineConfig(model_path="/ü", context_length=1, distributed=Distributed(hosts=(Host(ssh="a"),)))),
    Turn((SUBMIT, Cancel(7)), Decisions(512, 16, (7,), 3)),
]
ANSWERS: list[Answer] = [Hello(1, "token"), Failure.of(ModelError("bad"))]
REPORTS: list[Report] = [
    Ready(STATS),
    Steps(
        (
            (1, Prefill(processed=1, total=2, cached=0)),
            (1, Tokens((5, 6), (-0.5, -1.0), (((5, -0.5),), ()))),
            (2, Failure("RequestError", "no", None, "prompt")),
            (1, DONE),
        ),
        STATS,
    ),
    Failure.of(ModelError("bad", hint="pull it again")),
]


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_frames_arrive_whole_in_pieces_of_any_size(size: int) -> None:
    for messages, decoder in (
        (COMMANDS, command_decoder()),
        (REPORTS, report_decoder()),
        (ORDERS, order_decoder()),
        (ANSWERS, answer_decoder()),
    ):
        data = b"".join(encode(message) for message in messages)
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        assert [message for piece in pieces for message in decoder.feed(piece)] == messages


def _tree(kind: type[MlxkError]) -> list[type[MlxkError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _tree(child))]


@pytest.mark.parametrize("kind", [kind for kind in _tree(MlxkError) if kind.__module__ == errors.__name__])
def test_every_error_arrives_as_itself(kind: type[MlxkError]) -> None:
    error = Failure.of(kind("what", hint="do", param="p")).error()
    assert type(error) is kind
    assert (error.message, error.hint, error.param) == ("what", "do", "p")


def test_an_unknown_error_arrives_as_an_engine_error() -> None:
    assert type(Failure("Novelty", "what").error()) is EngineError
