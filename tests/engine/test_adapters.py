"""Adapters: what mlx-lm says with one, several over the same weights, and what does not fit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import mlx.core as mx
import pytest

from mlxk.engine import EngineConfig, ThreadEngine, shared
from mlxk.errors import ModelError, RequestError
from tests.engine.conftest import MakeEngine, ask, done_of, ids_of, steps_of
from tests.models import make_adapter, make_llama

PROMPT = tuple(range(20, 40))


def config(path: Path, *adapters: Path, **changes: object) -> EngineConfig:
    values = {"model_path": str(path), "context_length": 4096, "adapters": tuple(map(str, adapters))}
    return EngineConfig(**values | changes)


def of_mlx_lm(path: Path, adapter: Path | None, prompt: tuple[int, ...]) -> list[int]:
    """Greedy tokens of mlx-lm with its own adapter layers."""
    from mlx_lm.generate import generate_step
    from mlx_lm.tuner.utils import load_adapters
    from mlx_lm.utils import load_model

    model, _ = load_model(path)
    if adapter is not None:
        model = load_adapters(model, str(adapter))
        model.eval()
    return [token for token, _ in generate_step(mx.array(prompt), model, max_tokens=8)]


@pytest.mark.parametrize("kind", ["lora", "dora"])
async def test_it_says_what_mlx_lm_says(qwen3_path: Path, tmp_path: Path, kind: str) -> None:
    adapter = make_adapter(tmp_path / kind, qwen3_path, kind=kind)
    async with ThreadEngine(config(qwen3_path, adapter)) as engine:
        plain = ids_of(await steps_of(engine, ask(prompt=PROMPT)))
        adapted = ids_of(await steps_of(engine, ask(prompt=PROMPT, adapter=str(adapter))))
    assert plain == await asyncio.to_thread(of_mlx_lm, qwen3_path, None, PROMPT)
    assert adapted == await asyncio.to_thread(of_mlx_lm, qwen3_path, adapter, PROMPT)
    assert plain != adapted


async def test_over_quantised_weights_too(llama_path: Path, tmp_path: Path) -> None:
    quantised = quantise(llama_path, tmp_path / "q4")
    for kind in ("lora", "dora"):
        adapter = make_adapter(tmp_path / kind, quantised, kind=kind)
        async with ThreadEngine(config(quantised, adapter)) as engine:
            adapted = ids_of(await steps_of(engine, ask(prompt=PROMPT, adapter=str(adapter))))
        assert adapted == await asyncio.to_thread(of_mlx_lm, quantised, adapter, PROMPT)


def quantise(path: Path, target: Path) -> Path:
    from mlx_lm.utils import load_model, quantize_model, save_config, save_model

    model, settings = load_model(path)
    model, settings = quantize_model(model, settings, 32, 4)
    save_model(target, model)
    save_config(settings, target / "config.json")
    return target


async def test_different_adapters_decode_in_one_batch(make_real_engine: MakeEngine, tmp_path: Path) -> None:
    base = Path(make_real_engine()._config.model_path)
    adapters = [
        make_adapter(tmp_path / "one", base, seed=1),
        make_adapter(tmp_path / "wide", base, seed=2, rank=12, keys=("self_attn.v_proj",)),
        make_adapter(tmp_path / "dora", base, seed=3, kind="dora"),
    ]
    wishes = [None, *map(str, adapters), None, str(adapters[0])]
    requests = [ask(f"{n}", PROMPT, adapter=wish, max_tokens=20) for n, wish in enumerate(wishes)]
    async with make_real_engine(adapters=tuple(map(str, adapters)), prompt_cache_entries=0) as engine:
        alone = [ids_of(await steps_of(engine, request)) for request in requests]
        together = await asyncio.gather(*(steps_of(engine, request) for request in requests))
    assert [ids_of(steps) for steps in together] == alone
    assert len({tuple(ids) for ids in alone}) == 4


async def test_the_prompt_cache_keeps_adapters_apart(qwen3_path: Path, tmp_path: Path) -> None:
    adapter = str(make_adapter(tmp_path / "a", qwen3_path))
    async with ThreadEngine(config(qwen3_path, Path(adapter))) as engine:
        await steps_of(engine, ask(prompt=PROMPT))
        other = await steps_of(engine, ask(prompt=PROMPT, adapter=adapter))
        again = await steps_of(engine, ask(prompt=PROMPT, adapter=adapter))
    assert done_of(other).cached_tokens == 0
    assert done_of(again).cached_tokens == len(PROMPT) - 1
    assert ids_of(other) == ids_of(again)


async def test_adapters_of_experts_decode_in_turn(gpt_oss_path: Path, tmp_path: Path) -> None:
    adapters = [
        make_adapter(tmp_path / f"{seed}", gpt_oss_path, keys=None, seed=seed, scale=100.0) for seed in (1, 2)
    ]
    wishes = [None, str(adapters[0]), str(adapters[1]), str(adapters[0])]
    requests = [ask(f"{n}", PROMPT, adapter=wish) for n, wish in enumerate(wishes)]
    async with ThreadEngine(config(gpt_oss_path, *adapters, prompt_cache_entries=0)) as engine:
        together = await asyncio.gather(*(steps_of(engine, request) for request in requests))
    said = [ids_of(steps) for steps in together]
    assert said[1] == said[3] == await asyncio.to_thread(of_mlx_lm, gpt_oss_path, adapters[0], PROMPT)
    assert said[2] == await asyncio.to_thread(of_mlx_lm, gpt_oss_path, adapters[1], PROMPT)
    assert len({tuple(ids) for ids in said}) == 3


async def test_an_adapter_that_was_not_loaded_is_refused(qwen3_path: Path) -> None:
    async with ThreadEngine(config(qwen3_path)) as engine:
        with pytest.raises(RequestError, match="without the adapter elsewhere"):
            await steps_of(engine, ask(adapter="elsewhere"))


async def test_an_adapter_of_another_model_is_refused(qwen3_path: Path, tmp_path: Path) -> None:
    wide = make_llama(tmp_path / "wide", hidden=128)
    with pytest.raises(ModelError, match="for 128 inputs and 128 outputs, the model has 64 and 64") as caught:
        async with ThreadEngine(config(qwen3_path, make_adapter(tmp_path / "a", wide))):
            pass
    assert "self_attn.q_proj" in caught.value.message
    assert caught.value.hint.endswith(f"and no other: {wide}")
    deep = make_llama(tmp_path / "deep", layers=3)
    with pytest.raises(ModelError, match=r"model\.layers\.2\..*which this model does not have"):
        async with ThreadEngine(config(qwen3_path, make_adapter(tmp_path / "b", deep))):
            pass


async def test_two_ranks_in_one_layer_are_refused(qwen3_path: Path, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path / "a", qwen3_path)
    tensors = mx.load(str(adapter / "adapters.safetensors"))
    name = next(name for name in tensors if name.endswith("lora_b"))
    tensors[name] = mx.zeros((7, tensors[name].shape[1]))
    mx.save_safetensors(str(adapter / "adapters.safetensors"), tensors)
    with pytest.raises(ModelError, match="its rank is 4 in lora_a and 7 in lora_b"):
        async with ThreadEngine(config(qwen3_path, adapter)):
            pass


async def test_embeddings_cannot_be_adapted(qwen3_path: Path, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path / "a", qwen3_path, keys=("model.embed_tokens",))
    with pytest.raises(ModelError, match=r"changes model\.embed_tokens, a Embedding, which cannot"):
        async with ThreadEngine(config(qwen3_path, adapter)):
            pass


def test_models_that_differ_in_adapters_share_an_engine(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    configs = [
        config(one),
        config(one, Path("a")),
        config(other, Path("a")),
        config(one, Path("b"), Path("a")),
    ]
    engines = shared(configs)
    assert engines[0] == engines[1] == engines[3] == config(one, Path("a"), Path("b"))
    assert engines[2] == config(other, Path("a"))
