"""What to change: each suggestion fits, with the figure it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.engine import EngineConfig
from mlxk.hub import facts
from mlxk.memory import Model, advice, model_of, refusal, show


@pytest.fixture
def load(qwen3_path: Path) -> EngineConfig:
    return EngineConfig(
        model_path=str(qwen3_path),
        context_length=1 << 17,
        max_concurrency=16,
        prefill_step=16,
        prompt_cache_bytes=1 << 20,
    )


@pytest.fixture
def model(load: EngineConfig) -> Model:
    return model_of(facts.read(Path(load.model_path)), load)


def test_keys_are_quantised_where_their_width_allows_it(load: EngineConfig, model: Model) -> None:
    wide = Model({**model.config, "head_dim": 64}, model.tensors)
    limit = int(wide.need(load).most * 0.9)
    assert next(said for said, _ in advice(wide, load, limit)) == "engine.kv_bits: 8"
    assert "engine.kv_bits: 8" not in [said for said, _ in advice(model, load, limit)]


def test_every_suggestion_fits(load: EngineConfig, model: Model) -> None:
    most = model.need(load).most
    for part in (0.9, 0.5, 0.2, 0.1, 0.05):
        limit = int(most * part)
        for said, need in advice(model, load, limit):
            assert need.most <= limit, said
    assert [said.split(":")[0] for said, _ in advice(model, load, most // 2)] == [
        "engine.concurrency",
        *["tokens.context"] * 4,
    ]


def test_none_where_the_weights_alone_are_too_much(load: EngineConfig, model: Model) -> None:
    assert advice(model, load, model.weights) == []


def test_a_refusal_has_figures(load: EngineConfig, model: Model) -> None:
    need = model.need(load)
    limit = need.most // 2
    error = refusal("tiny", need, limit, advice(model, load, limit), others={"coder": 10**9})
    assert show(need.most) in error.message
    assert show(limit) in error.message
    assert "1.0 GB (coder)" in error.message
    assert "16 x 131,072 tokens" in error.message
    assert error.hint is not None
    assert "engine.concurrency: 4" in error.hint
    assert refusal("tiny", need, 1, []).hint == "use a smaller or more quantised model"
    assert "one request" in refusal("tiny", need, 1, [], needed=need.least).message


def test_it_names_the_model_that_would_make_room(load: EngineConfig, model: Model) -> None:
    need = model.need(load)
    taken = {"small": 10, "pin": need.most // 2, "large": need.most}
    error = refusal("tiny", need, int(need.most * 2.1), [], others=taken)
    assert error.hint == f"it would fit with a `ttl` other than `never` for pin ({show(taken['pin'])})"
