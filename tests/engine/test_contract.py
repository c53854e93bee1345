"""What every engine promises, asked of each of them."""

from __future__ import annotations

import asyncio

import pytest

from mlxk.engine import Engine
from mlxk.engine.base import Done, Prefill, Tokens
from mlxk.errors import EngineUnavailable, RequestError
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of

ENDLESS = 3000


async def start(engine: Engine, request):
    """A generation whose first token has arrived."""
    steps = engine.generate(request)
    async for step in steps:
        if isinstance(step, Tokens):
            return steps
    raise AssertionError("no token")


async def idle(engine: Engine) -> None:
    """Until nothing runs or waits."""
    async with asyncio.timeout(5):
        while (stats := await engine.stats()).running or stats.waiting:  # noqa: ASYNC110 - only stats tell
            await asyncio.sleep(0.005)


async def test_steps_follow_the_grammar(make_engine: MakeEngine) -> None:
    async with make_engine(prefill_step=8) as engine:
        steps = await steps_of(engine, ask())
    kinds = [type(step) for step in steps]
    prefills, tokens = kinds.count(Prefill), kinds.count(Tokens)
    assert kinds == [Prefill] * prefills + [Tokens] * tokens + [Done]
    assert len(ids_of(steps)) == 8
    done = done_of(steps)
    assert (done.prompt_tokens, done.completion_tokens, done.reason) == (20, 8, "length")
    assert 0 <= done.queue_seconds <= done.total_seconds
    assert 0 <= done.first_token_seconds <= done.total_seconds
    progress = [step for step in steps if isinstance(step, Prefill)]
    assert [step.processed for step in progress] == sorted(step.processed for step in progress)
    assert all(step.total == 20 and step.processed <= 20 for step in progress)


@pytest.mark.parametrize("count", [1, 2, 30])
async def test_max_tokens_counts_every_token(make_engine: MakeEngine, count: int) -> None:
    async with make_engine() as engine:
        steps = await steps_of(engine, ask(max_tokens=count))
    assert len(ids_of(steps)) == done_of(steps).completion_tokens == count
    assert done_of(steps).reason == "length"


async def test_a_stop_token_ends_and_is_given(make_engine: MakeEngine) -> None:
    async with make_engine() as engine:
        whole = ids_of(await steps_of(engine, ask()))
        position = whole.index(whole[4])
        steps = await steps_of(engine, ask(stop_tokens=(whole[4], 1)))
    assert ids_of(steps) == whole[: position + 1]
    assert done_of(steps).reason == "stop"


async def test_cancel_ends_a_running_generation(make_engine: MakeEngine) -> None:
    async with make_engine() as engine:
        steps = await start(engine, ask(max_tokens=ENDLESS))
        await engine.cancel("a")
        rest = [step async for step in steps]
        assert done_of(rest).reason == "cancelled"
        assert done_of(rest).completion_tokens < ENDLESS
        await idle(engine)


async def test_cancel_ends_a_waiting_generation(make_engine: MakeEngine) -> None:
    async with make_engine(max_concurrency=1) as engine:
        running = await start(engine, ask("first", max_tokens=ENDLESS))
        waiting = asyncio.create_task(steps_of(engine, ask("second")))
        while not (await engine.stats()).waiting:
            await running.__anext__()
        await engine.cancel("second")
        while not waiting.done():
            await running.__anext__()
        steps = await waiting
        assert done_of(steps).reason == "cancelled"
        assert done_of(steps).completion_tokens == 0
        await running.aclose()


async def test_cancel_of_an_unknown_id_does_nothing(make_engine: MakeEngine) -> None:
    async with make_engine() as engine:
        await engine.cancel("nobody")
        assert len(ids_of(await steps_of(engine, ask()))) == 8


async def test_closing_the_iterator_cancels(make_engine: MakeEngine) -> None:
    async with make_engine(max_concurrency=1) as engine:
        steps = await start(engine, ask(max_tokens=ENDLESS))
        await steps.aclose()
        assert len(ids_of(await steps_of(engine, ask("next")))) == 8
        await idle(engine)


async def test_cancelling_the_reading_task_cancels(make_engine: MakeEngine) -> None:
    async with make_engine(max_concurrency=1) as engine:
        reading = asyncio.create_task(steps_of(engine, ask(max_tokens=ENDLESS)))
        while not (await engine.stats()).running:  # noqa: ASYNC110 - only stats tell
            await asyncio.sleep(0.001)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert len(ids_of(await steps_of(engine, ask("next")))) == 8


async def test_many_at_once_get_what_each_gets_alone(make_engine: MakeEngine) -> None:
    prompts = [tuple(range(20 + shift, 50 + 7 * shift)) for shift in range(6)]
    async with make_engine(max_concurrency=4) as engine:
        alone = [ids_of(await steps_of(engine, ask(f"{n}", p))) for n, p in enumerate(prompts)]
        together = await asyncio.gather(*(steps_of(engine, ask(f"{n}", p)) for n, p in enumerate(prompts)))
    assert [ids_of(steps) for steps in together] == alone


async def test_seeds_hold_alone_and_in_a_batch(make_engine: MakeEngine) -> None:
    settings = [
        {"seed": 1, "top_p": 0.9},
        {"seed": 2, "top_p": 0.9},
        {"seed": -3, "top_k": 20},
        {"seed": 1 << 40},
    ]
    requests = [ask(f"{n}", temperature=1.0, **changes) for n, changes in enumerate(settings)]
    async with make_engine() as engine:
        alone = [ids_of(await steps_of(engine, request)) for request in requests]
        together = await asyncio.gather(*(steps_of(engine, request) for request in requests))
    assert [ids_of(steps) for steps in together] == alone
    assert len({tuple(ids) for ids in alone}) == len(alone)


async def test_logprobs_are_given_when_asked(make_engine: MakeEngine) -> None:
    async with make_engine() as engine:
        asked, top, plain = await asyncio.gather(
            steps_of(engine, ask("asked", top_logprobs=0)),
            steps_of(engine, ask("top", top_logprobs=3)),
            steps_of(engine, ask("plain")),
        )
    for steps, width in ((asked, 0), (top, 3)):
        tokens = [step for step in steps if isinstance(step, Tokens)]
        assert all(len(step.logprobs) == len(step.ids) == len(step.top) for step in tokens)
        assert all(len(alternatives) == width for step in tokens for alternatives in step.top)
        assert all(logprob <= 0 for step in tokens for logprob in step.logprobs)
    assert all(not step.logprobs and not step.top for step in plain if isinstance(step, Tokens))


async def test_two_generations_cannot_share_an_id(make_engine: MakeEngine) -> None:
    async with make_engine() as engine:
        steps = await start(engine, ask(max_tokens=ENDLESS))
        with pytest.raises(RequestError, match="already running"):
            await steps_of(engine, ask())
        await steps.aclose()


async def test_an_id_can_be_used_again_at_once(make_engine: MakeEngine) -> None:
    async with make_engine() as engine:
        whole = ids_of(await steps_of(engine, ask()))
        for _ in range(5):
            steps = await start(engine, ask(max_tokens=ENDLESS))
            await steps.aclose()
            assert ids_of(await steps_of(engine, ask())) == whole


async def test_an_empty_prompt_is_refused(make_engine: MakeEngine) -> None:
    async with make_engine() as engine:
        with pytest.raises(RequestError, match="no tokens"):
            await steps_of(engine, ask(prompt=()))
        assert len(ids_of(await steps_of(engine, ask()))) == 8


async def test_outside_its_context_an_engine_is_unavailable(make_engine: MakeEngine) -> None:
    engine = make_engine()
    with pytest.raises(EngineUnavailable):
        await steps_of(engine, ask())
    async with engine:
        assert (await engine.stats()).state == "ready"
    with pytest.raises(EngineUnavailable):
        await steps_of(engine, ask())
    assert (await engine.stats()).state == "dead"


async def test_an_engine_can_be_entered_again(make_real_engine: MakeEngine) -> None:
    engine = make_real_engine()
    async with engine:
        first = ids_of(await steps_of(engine, ask()))
    async with engine:
        assert ids_of(await steps_of(engine, ask())) == first
