"""Decoding gives what mlx-lm gives, for each architecture, alone and together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mlxk.engine import EngineConfig, ThreadEngine
from mlxk.engine.base import ReasoningBudget, Tokens
from mlxk.errors import ContextLengthExceeded, RequestError
from tests.engine.conftest import ask, done_of, ids_of, steps_of
from tests.models import GPT_OSS_SCRIPT

PROMPTS = [tuple(range(20, 30)), tuple(range(30, 75)), tuple(range(100, 117)) * 3, (40,)]
NEW = 24


def stock(path: Path, prompts: list[tuple[int, ...]]) -> list[list[int]]:
    """Greedy tokens from mlx-lm's own `BatchGenerator`."""
    from mlx_lm.generate import BatchGenerator
    from mlx_lm.utils import load_model

    model, _ = load_model(path)
    generator = BatchGenerator(model, max_tokens=NEW)
    uids = generator.insert([list(prompt) for prompt in prompts])
    tokens: dict[int, list[int]] = {uid: [] for uid in uids}
    while any(len(ids) < NEW for ids in tokens.values()):
        for response in generator.next_generated():
            tokens[response.uid].append(response.token)
    generator.close()
    return [tokens[uid] for uid in uids]


@pytest.fixture(params=["qwen3_path", "llama_path", "gpt_oss_path", "lfm2_path"])
def path(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("prefill_step", [7, 512])
async def test_greedy_tokens_are_those_of_mlx_lm(path: Path, prefill_step: int) -> None:
    config = EngineConfig(model_path=str(path), context_length=4096, prefill_step=prefill_step)
    async with ThreadEngine(config) as engine:
        answers = await asyncio.gather(
            *(steps_of(engine, ask(f"{n}", prompt, max_tokens=NEW)) for n, prompt in enumerate(PROMPTS))
        )
    assert [ids_of(steps) for steps in answers] == await asyncio.to_thread(stock, path, PROMPTS)


async def test_gpt_oss_recites_its_script(gpt_oss_path: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(gpt_oss_path / "tokenizer.json"))
    prompt = tuple(tokenizer.encode("<|start|>user<|message|>hi<|end|><|start|>assistant").ids)
    stop = (tokenizer.token_to_id("<|return|>"),)
    async with ThreadEngine(EngineConfig(model_path=str(gpt_oss_path), context_length=4096)) as engine:
        steps = await steps_of(engine, ask(prompt=prompt, max_tokens=50, stop_tokens=stop))
    assert tokenizer.decode(ids_of(steps), skip_special_tokens=False) == GPT_OSS_SCRIPT
    assert done_of(steps).reason == "stop"


@pytest.fixture
async def engine(qwen3_path: Path):
    async with ThreadEngine(EngineConfig(model_path=str(qwen3_path), context_length=200)) as engine:
        yield engine


async def test_logprobs_are_those_of_the_model(engine: ThreadEngine) -> None:
    prompt = tuple(range(20, 40))
    greedy, sampled = await asyncio.gather(
        steps_of(engine, ask("greedy", prompt, top_logprobs=5)),
        steps_of(engine, ask("sampled", prompt, top_logprobs=2, temperature=1.5, seed=3)),
    )
    for step in greedy:
        if isinstance(step, Tokens):
            for token, logprob, top in zip(step.ids, step.logprobs, step.top, strict=True):
                assert top[0] == (token, logprob)
                assert [value for _, value in top] == sorted((value for _, value in top), reverse=True)
                assert -10 < logprob < 0
    first = next(step for step in greedy if isinstance(step, Tokens))
    other = next(step for step in sampled if isinstance(step, Tokens))
    for (token, logprob), (same, close) in zip(other.top[0], first.top[0][:2], strict=True):
        assert token == same
        assert logprob == pytest.approx(close, rel=1e-4)


async def test_a_logit_bias_bans_and_forces(engine: ThreadEngine) -> None:
    plain = ids_of(await steps_of(engine, ask()))
    banned = ids_of(await steps_of(engine, ask(logit_bias=((plain[0], -1e9),))))
    assert plain[0] not in banned
    forced = ids_of(await steps_of(engine, ask(logit_bias=((77, 1e9),), temperature=1.0)))
    assert forced == [77] * 8


async def test_penalties_work_beside_a_request_without(engine: ThreadEngine) -> None:
    bias = ((50, 300.0), (51, 200.0), (52, 100.0))
    once, plain = await asyncio.gather(
        steps_of(engine, ask("once", max_tokens=3, logit_bias=bias, presence_penalty=290.0)),
        steps_of(engine, ask("plain")),
    )
    assert ids_of(once) == [50, 51, 52]
    assert ids_of(plain) == ids_of(await steps_of(engine, ask()))


async def test_a_penalty_without_context_changes_nothing(engine: ThreadEngine) -> None:
    plain = ids_of(await steps_of(engine, ask()))
    steps = await steps_of(engine, ask(repetition_penalty=5.0, repetition_context=0))
    assert ids_of(steps) == plain


@pytest.mark.parametrize("limit", [0, 1, 5])
@pytest.mark.parametrize("opened", [True, False])
async def test_a_reasoning_budget_forces_the_end(engine: ThreadEngine, limit: int, opened: bool) -> None:
    end, start = (90, 91, 92), (77,)
    budget = ReasoningBudget(limit=limit, start=start, end=end, opened=opened)
    bias = () if opened else ((77, 1e9),)  # without it, this model would not begin to reason
    steps, plain = await asyncio.gather(
        steps_of(engine, ask("budget", max_tokens=20, reasoning_budget=budget, logit_bias=bias)),
        steps_of(engine, ask("plain", max_tokens=20)),
    )
    ids = ids_of(steps) if opened else ids_of(steps)[1:]
    assert ids[limit : limit + 3] == [90, 91, 92]
    assert ids_of(plain) == ids_of(await steps_of(engine, ask(max_tokens=20)))


async def test_the_context_window_ends_a_generation(engine: ThreadEngine) -> None:
    steps = await steps_of(engine, ask(prompt=tuple(range(190)), max_tokens=100))
    assert (done_of(steps).reason, done_of(steps).completion_tokens) == ("length", 10)


@pytest.mark.parametrize(
    ("changes", "error", "param"),
    [
        ({"prompt": tuple(range(200))}, ContextLengthExceeded, "prompt"),
        ({"prompt": (1, 1 << 20)}, RequestError, "prompt"),
        ({"prompt": (-1,)}, RequestError, "prompt"),
        ({"max_tokens": 0}, RequestError, "max_tokens"),
        ({"logit_bias": ((1 << 20, 1.0),)}, RequestError, "logit_bias"),
        ({"xtc_special_tokens": (1 << 20,)}, RequestError, "xtc_special_tokens"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    engine: ThreadEngine, changes: dict[str, object], error: type[RequestError], param: str
) -> None:
    with pytest.raises(error) as caught:
        await steps_of(engine, ask(**changes))
    assert caught.value.param == param
    assert len(ids_of(await steps_of(engine, ask()))) == 8
