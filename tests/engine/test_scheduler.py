"""Steps of the scheduler itself: what is told when, while prompts are processed between draws."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from mlxk.engine.assembly import assemble
from mlxk.engine.base import Done, Draft, EngineConfig, EngineRequest, RegexConstraint, Tokens
from mlxk.engine.constraint import Compiler
from mlxk.engine.scheduler import Output, Scheduler
from mlxk.requests import ReasoningBudget
from tests.engine.conftest import ask

PIECE = 16
LONG = tuple(range(100, 180))

REQUESTS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "seeded": {"temperature": 1.0, "seed": 5, "top_p": 0.9},
    "logprobs": {"temperature": 1.0, "seed": 6, "top_logprobs": 2},
    "penalties": {"repetition_penalty": 1.5, "presence_penalty": 1.0},
    "stops": {"stop_tokens": tuple(range(0, 400, 9)), "temperature": 1.5, "seed": 1},
    "budget": {"reasoning_budget": ReasoningBudget(limit=9, start=(), end=(7, 8), opened=True)},
    "constraint": {
        "constraint": RegexConstraint("[a-c]{7}"),
        "stop_tokens": (2,),
        "temperature": 1.0,
        "seed": 3,
    },
}


@contextmanager
def scheduler(path: Path, **changes: Any) -> Iterator[Scheduler]:
    config = EngineConfig(
        model_path=str(path), context_length=4096, prefill_step=PIECE, prompt_cache_bytes=0, **changes
    )
    with closing(Compiler(path, lambda: None)) as compiler:
        made = Scheduler(assemble(config), config, compiler)
        try:
            yield made
        finally:
            made.close()


def run(made: Scheduler, request: EngineRequest, *, newcomers: bool) -> list[Output]:
    """All that is told of a request. A newcomer's prompt of several pieces comes every eighth step."""
    made.submit(0, request, seed=0)
    said: list[Output] = []
    step = 0
    while not any(isinstance(item, Done) for _, item in said):
        if newcomers and step % 8 == 4:
            made.submit(step, ask(f"{step}", LONG[: 40 + step % 30], max_tokens=3), seed=0)
        said += [output for output in made.step() if output[0] == 0]
        step += 1
    while not made.idle:
        made.step()
    return said


def told(said: list[Output]) -> list[Any]:
    """The tokens one by one, with what was measured of each, and the reason of the end."""
    items: list[Any] = []
    for _, item in said:
        if isinstance(item, Tokens):
            tops = item.top or ((),) * len(item.ids)
            rounded = [tuple((token, round(value, 3)) for token, value in top) for top in tops]
            items += zip(item.ids, rounded, strict=True)
    return [*items, *(item.reason for _, item in said if isinstance(item, Done))]


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("drafts", [False, True])
def test_prompts_between_draws_change_nothing(kind: str, drafts: bool, qwen3_path: Path) -> None:
    draft = Draft(model_path=str(qwen3_path)) if drafts else None
    with scheduler(qwen3_path, draft=draft) as made:
        request = ask("a", **{"max_tokens": 40} | REQUESTS[kind])
        alone = run(made, request, newcomers=False)
        assert told(run(made, request, newcomers=True)) == told(alone)
        assert made.running == made.waiting == 0


@pytest.mark.parametrize("path", ["qwen3_path", "lfm2_path", "gpt_oss_path"])
def test_prompts_of_one_token_may_be_cancelled_before_they_run(
    path: str, request: pytest.FixtureRequest
) -> None:
    with scheduler(request.getfixturevalue(path)) as made:
        for key in range(4):
            made.submit(key, ask(f"{key}", (20 + key,), max_tokens=5), seed=0)
        made.step()
        outputs: list[Output] = []
        for key in (0, 2, 3):
            made.cancel(key)
        while not made.idle:
            outputs += made.step()
    ends = {key: item.reason for key, item in outputs if isinstance(item, Done)}
    assert ends == {0: "cancelled", 1: "length", 2: "cancelled", 3: "cancelled"}


@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_a_budget_is_stronger_than_a_bias(dtype: mx.Dtype, qwen3_path: Path, tmp_path: Path) -> None:
    shutil.copytree(qwen3_path, tmp_path / "half")
    weights = mx.load(str(qwen3_path / "model.safetensors"))
    halves = {name: weight.astype(dtype) for name, weight in weights.items()}
    mx.save_safetensors(str(tmp_path / "half" / "model.safetensors"), halves, metadata={"format": "mlx"})
    request = ask(
        "a",
        max_tokens=4,
        reasoning_budget=ReasoningBudget(limit=1, start=(50,), end=(60, 61), opened=True),
        logit_bias=((60, -1e39), (77, 1e39)),
        top_logprobs=1,
        temperature=1.0,
    )
    with scheduler(tmp_path / "half") as made:
        said = run(made, request, newcomers=False)
    tokens = [item for _, item in said if isinstance(item, Tokens)]
    assert [token for item in tokens for token in item.ids] == [77, 60, 61, 77]
    assert all(math.isfinite(value) for item in tokens for value in item.logprobs)


def test_what_is_drawn_is_told_before_a_piece_of_a_prompt(qwen3_path: Path) -> None:
    with scheduler(qwen3_path) as made:
        made.submit(0, ask("a", max_tokens=100), seed=0)
        for _ in range(5):
            made.step()
        made.submit(1, ask("b", LONG, max_tokens=2), seed=0)
        counts = []
        for _ in range(8):
            outputs = made.step()
            counts.append([sum(key == wanted for key, _ in outputs) for wanted in (0, 1)])
    # 79 tokens in five pieces. The running one catches up when they are announced, and waits for none of them
    # until the last is there; then decoding keeps a step ahead again.
    assert [first for first, _ in counts] == [2, 1, 1, 1, 1, 0, 1, 1]
    assert [second for _, second in counts] == [1, 1, 1, 1, 1, 1, 1, 2]


def test_a_first_token_does_not_wait_for_the_prompt_behind_it(qwen3_path: Path) -> None:
    with scheduler(qwen3_path) as made:
        for key in range(2):
            made.submit(key, ask(f"{key}", LONG[key:], max_tokens=9), seed=0)
        outputs: list[Output] = []
        while not any(isinstance(step, Tokens) for _, step in outputs):
            outputs = made.step()
        (told_first,) = (key for key, step in outputs if isinstance(step, Tokens))
        assert told_first == 0
        assert made.running == 2
        last = [step for key, step in made.step() if key == 1]
    assert last
    assert not any(isinstance(step, Tokens) for step in last)
