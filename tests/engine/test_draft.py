"""Speculative decoding: faster, and never other words."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from mlxk.engine import EngineConfig, ThreadEngine
from mlxk.engine.base import Draft, EngineRequest, KVQuantization, RegexConstraint, Tokens
from mlxk.engine.draft import vocabulary_difference
from mlxk.errors import ModelError
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of
from tests.models import make_qwen3

PROMPT = tuple(range(20, 60))
ENDLESS = 1000


@pytest.fixture(scope="session")
def other_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen3 with the same vocabulary that says other things."""
    return make_qwen3(tmp_path_factory.mktemp("other") / "other", layers=1, seed=7)


@pytest.fixture(params=["perfect", "useless"])
def draft_path(request: pytest.FixtureRequest, qwen3_path: Path, other_path: Path) -> Path:
    """The model itself, whose guesses are all right, or another one, whose guesses are mostly wrong."""
    return qwen3_path if request.param == "perfect" else other_path


def config(path: Path, draft: Path | None, tokens: int = 3, **changes: object) -> EngineConfig:
    drafted = None if draft is None else Draft(model_path=str(draft), tokens=tokens)
    return EngineConfig(**{"model_path": str(path), "context_length": 4096, "draft": drafted} | changes)


REQUESTS = {
    "greedy": ask("greedy", PROMPT, max_tokens=24),
    "one token": ask("one", PROMPT, max_tokens=1),
    "random": ask("random", PROMPT, max_tokens=24, temperature=1.2, seed=5, top_p=0.95),
    "penalties": ask("penalties", PROMPT, max_tokens=24, repetition_penalty=1.3, presence_penalty=0.5),
    "logprobs": ask("logprobs", PROMPT, max_tokens=24, top_logprobs=2),
    "constrained": ask("constrained", PROMPT, max_tokens=24, constraint=RegexConstraint("[a-z]{9}")),
    "a short prompt": ask("short", (40,), max_tokens=24),
}


async def said(settings: EngineConfig, *requests: EngineRequest) -> list[list[int]]:
    async with ThreadEngine(settings) as engine:
        return [ids_of(await steps_of(engine, request)) for request in requests]


async def test_it_says_what_it_says_without(qwen3_path: Path, draft_path: Path) -> None:
    requests = REQUESTS.values()
    without = await said(config(qwen3_path, None), *requests)
    assert await said(config(qwen3_path, draft_path), *requests) == without
    many = config(qwen3_path, draft_path, tokens=8, prefill_step=16)
    assert await said(many, REQUESTS["greedy"], REQUESTS["random"]) == [without[0], without[2]]


async def test_every_token_has_its_logprob(qwen3_path: Path, draft_path: Path) -> None:
    found = []
    for draft in (None, draft_path):
        async with ThreadEngine(config(qwen3_path, draft)) as engine:
            steps = await steps_of(engine, REQUESTS["logprobs"])
        found.append([step for step in steps if isinstance(step, Tokens)])
    plain, drafted = ([value for step in steps for value in step.logprobs] for steps in found)
    assert len(plain) == len(drafted) == 24
    assert drafted == pytest.approx(plain, abs=1e-4)
    tops = [[top[0][0] for step in steps for top in step.top] for steps in found]
    assert tops[0] == tops[1]


async def test_right_guesses_save_passes(qwen3_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlxk.engine.draft import Speculator

    passes = []
    step = Speculator.step

    def counted(self: Speculator, row: object) -> object:
        reports = step(self, row)
        passes.append(len(reports or ()))
        return reports

    monkeypatch.setattr(Speculator, "step", counted)
    (ids,) = await said(config(qwen3_path, qwen3_path, tokens=4), ask(prompt=PROMPT, max_tokens=41))
    assert len(ids) == 41
    assert max(passes) == 5
    assert len(passes) <= 10


async def test_a_stop_within_the_guesses_ends_it(qwen3_path: Path) -> None:
    (whole,) = await said(config(qwen3_path, None), ask(prompt=PROMPT, max_tokens=20))
    for position in (1, 3, 4, 6):
        stop = (whole[position],)
        async with ThreadEngine(config(qwen3_path, qwen3_path, tokens=5)) as engine:
            first = await steps_of(engine, ask(prompt=PROMPT, max_tokens=20, stop_tokens=stop))
            assert ids_of(first) == whole[: whole.index(whole[position]) + 1]
            assert done_of(first).reason == "stop"
            again = (*PROMPT, *ids_of(first), 70, 71)
            cached = await steps_of(engine, ask(prompt=again))
        assert done_of(cached).cached_tokens >= len(PROMPT) + len(ids_of(first)) - 1
        assert [ids_of(cached)] == await said(config(qwen3_path, None), ask(prompt=again))


async def test_others_join_and_leave(qwen3_path: Path, draft_path: Path) -> None:
    """One alone is guessed for; when others come all decode together; the last one is guessed for again."""
    lengths = [40, 5, 12, 20]
    requests = [
        ask(f"{n}", tuple(range(20, 30 + n)), max_tokens=count, temperature=1.0, seed=n)
        for n, count in enumerate(lengths)
    ]
    alone = await said(config(qwen3_path, None), *requests)
    async with ThreadEngine(config(qwen3_path, draft_path)) as engine:
        together = await asyncio.gather(*(steps_of(engine, request) for request in requests))
    assert [ids_of(steps) for steps in together] == alone


async def test_cancelled_in_the_middle(make_real_engine: MakeEngine, qwen3_path: Path) -> None:
    async with make_real_engine(draft=Draft(model_path=str(qwen3_path))) as engine:
        steps = engine.generate(ask(max_tokens=ENDLESS))
        async for step in steps:
            if isinstance(step, Tokens):
                break
        await steps.aclose()
        assert len(ids_of(await steps_of(engine, ask("next")))) == 8


async def test_with_quantised_caches(tmp_path: Path) -> None:
    path = make_qwen3(tmp_path / "wide", hidden=128)
    kv = KVQuantization(bits=8, group_size=32, start=50)
    request = ask(prompt=PROMPT, max_tokens=24)
    assert await said(config(path, path, kv=kv), request) == await said(config(path, None, kv=kv), request)


async def test_quantised_caches_begin_where_they_do_without(tmp_path: Path) -> None:
    path = make_qwen3(tmp_path / "model", hidden=256)
    kv = KVQuantization(bits=2, group_size=64, start=len(PROMPT) + 10)
    requests = [ask("a", PROMPT, max_tokens=30), ask("b", PROMPT[:9], max_tokens=80)]
    without = await said(config(path, None, kv=kv, prompt_cache_entries=0), *requests)
    assert await said(config(path, path, tokens=8, kv=kv, prompt_cache_entries=0), *requests) == without


async def test_a_draft_with_another_vocabulary_is_refused(qwen3_path: Path, gpt_oss_path: Path) -> None:
    with pytest.raises(ModelError, match=r"another vocabulary than model: its token [0-9]+ is '") as caught:
        async with ThreadEngine(config(qwen3_path, gpt_oss_path)):
            pass
    assert "same family" in (caught.value.hint or "")


@pytest.mark.parametrize("fixture", ["gpt_oss_path", "lfm2_path"])
async def test_caches_that_cannot_be_cut_back_are_refused(
    request: pytest.FixtureRequest, fixture: str
) -> None:
    path = request.getfixturevalue(fixture)
    with pytest.raises(ModelError, match="a state that cannot be taken back") as caught:
        async with ThreadEngine(config(path, path)):
            pass
    assert "RotatingKVCache" in caught.value.message or "ArraysCache" in caught.value.message


def test_vocabularies_of_relatives_are_alike(tmp_path: Path, qwen3_path: Path, gpt_oss_path: Path) -> None:
    relative = shutil.copytree(qwen3_path, tmp_path / "relative")
    file = relative / "tokenizer.json"
    description = json.loads(file.read_text())
    description["added_tokens"].append({"id": 600, "content": "<new>", "special": True})
    file.write_text(json.dumps(description))
    assert vocabulary_difference(qwen3_path, relative) is None
    assert vocabulary_difference(qwen3_path, gpt_oss_path) is not None
    file.unlink()
    assert vocabulary_difference(qwen3_path, relative) == "one of them has no tokenizer.json"
    assert vocabulary_difference(relative, relative) is None
