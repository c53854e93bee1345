"""The token budget: explicit numbers are honoured or refused, silent ones follow the surface's share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlxk import plan as plans
from mlxk.config.schema import Profile
from mlxk.engine.base import Distributed, Draft, Host, KVQuantization, PromptFolder
from mlxk.errors import ContextLengthExceeded, ModelError, RequestError
from mlxk.hub.adapter import AdapterFacts
from mlxk.hub.facts import ModelFacts
from mlxk.hub.parts import Parts
from mlxk.plan import Plan, Surface
from mlxk.requests import GenerationRequest, SamplingOverrides


def make(surface: Surface = "run", context: int = 1000, **sections: Any) -> Plan:
    facts = ModelFacts(Path("/models/tiny"), "tiny", {"max_position_embeddings": context}, {}, ())
    profile = Profile.model_validate({"model": "org/tiny", **sections})
    return plans.make(profile, facts, surface=surface, name="tiny", config_hash="0" * 64)


def asked(max_tokens: int | None = None, **sampling: Any) -> GenerationRequest:
    return GenerationRequest(max_tokens=max_tokens, sampling=SamplingOverrides(**sampling))


@pytest.mark.parametrize(
    ("plan", "prompt_tokens", "wanted", "expected"),
    [
        (make("run"), 100, None, 900),
        (make("server"), 100, None, 500),
        (make("server"), 900, None, 100),
        (make("server"), 100, 900, 900),
        (make("run", tokens={"max_output": 50}), 100, None, 50),
        (make("run", tokens={"max_output": 50}), 980, None, 20),
        (make("run", tokens={"max_output": 50}), 100, 30, 30),
        (make("server", tokens={"share": {"server": 0.1}}), 100, None, 100),
        (make("run", tokens={"context": 200}), 100, None, 100),
        (make("run"), 999, None, 1),
    ],
)
def test_budget(plan: Plan, prompt_tokens: int, wanted: int | None, expected: int) -> None:
    assert plan.max_tokens(prompt_tokens, asked(wanted)) == expected


@pytest.mark.parametrize("prompt_tokens", [1000, 1001, 5000])
def test_a_prompt_that_fills_the_window_is_refused(prompt_tokens: int) -> None:
    with pytest.raises(ContextLengthExceeded, match=f"the prompt has {prompt_tokens} tokens") as caught:
        make().max_tokens(prompt_tokens, asked())
    assert caught.value.param == "messages"


def test_an_explicit_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ContextLengthExceeded, match="100 prompt tokens and 901 output tokens") as caught:
        make().max_tokens(100, asked(901))
    assert caught.value.hint == "ask for at most 900 output tokens, or shorten the prompt"
    with pytest.raises(RequestError, match="the profile allows 50"):
        make(tokens={"max_output": 50}).max_tokens(100, asked(51))


def test_a_context_beyond_the_model_is_refused() -> None:
    with pytest.raises(ModelError, match="context of 2000 tokens, and tiny has 1000"):
        make(tokens={"context": 2000})


def test_what_truncation_aims_at() -> None:
    assert make().prompt_limit(asked()) == 875
    assert make().prompt_limit(asked(300)) == 700
    assert make(tokens={"max_output": 400}).prompt_limit(asked()) == 875
    assert make(tokens={"max_output": 40}).prompt_limit(asked()) == 960


def test_an_answer_that_may_be_shorter_leaves_no_history_out() -> None:
    request = replace(asked(900), fill_context=True)
    assert make().prompt_limit(request) == 875
    assert make().max_tokens(800, request) == 200


def test_a_range_for_requests_holds_where_they_say_nothing() -> None:
    clamped = {"request_policy": {"clamp": {"max_tokens": {"max": 30}}}}
    assert make("server", **clamped).max_tokens(100, asked()) == 30
    assert make("server", tokens={"max_output": 20}, **clamped).max_tokens(100, asked()) == 20
    assert make("run", **clamped).max_tokens(100, asked()) == 900


def test_each_of_several_answers_has_a_seed_of_its_own() -> None:
    request = replace(asked(), choice=2)
    assert make(sampling={"seed": 42}).sampling_for(request).seed == 44
    assert make().sampling_for(request).seed is None
    last = replace(request, sampling={"seed": (1 << 64) - 1})
    assert make(sampling={"seed": 42}).sampling_for(last).seed == 1


def test_a_raw_prompt_is_told_what_helps_it() -> None:
    with pytest.raises(ContextLengthExceeded) as caught:
        make(tokens={"overflow": "truncate_oldest"}).max_tokens(1000, GenerationRequest(prompt="x"))
    assert (caught.value.param, caught.value.hint) == ("prompt", "shorten the prompt")


def test_a_request_stands_over_the_profile() -> None:
    plan = make(sampling={"temperature": 0.3, "top_p": 0.5, "logit_bias": {5: 1.5, 2: -1.0}})
    params = plan.sampling_for(asked(temperature=0.0, seed=7))
    assert (params.temperature, params.top_p, params.seed) == (0.0, 0.5, 7)
    assert params.logit_bias == ((2, -1.0), (5, 1.5))


def test_the_engine_is_told_the_window() -> None:
    config = make(tokens={"context": 200}).engine_config
    assert (config.model_path, config.context_length) == ("/models/tiny", 200)


def test_a_request_may_take_a_smaller_window() -> None:
    plan = make("server")
    request = GenerationRequest(context=200)
    assert plan.max_tokens(100, request) == 100
    assert plan.max_tokens(20, request) == 100
    assert plan.prompt_limit(request) == 175
    with pytest.raises(ContextLengthExceeded, match="holds 200"):
        plan.max_tokens(200, request)
    with pytest.raises(ContextLengthExceeded, match="context window of 200"):
        plan.max_tokens(150, replace(request, max_tokens=60))
    assert plan.held(request) is request


def test_a_window_larger_than_the_plans_cannot_be_had() -> None:
    request = GenerationRequest(context=5000)
    (said,) = make().held(request).unsupported
    assert (said.param, "5000 tokens is more than the 1000" in said.reason) == ("num_ctx", True)
    assert make().max_tokens(100, request) == 900


def test_all_of_the_window() -> None:
    request = GenerationRequest(fill_context=True)
    assert make("server").max_tokens(100, request) == 900
    assert make("server").max_tokens(100, replace(request, context=300)) == 200
    assert make("server", tokens={"max_output": 50}).max_tokens(100, request) == 50
    assert make("server").max_tokens(100, replace(request, max_tokens=5000)) == 900
    assert make("server").max_tokens(100, replace(request, max_tokens=5)) == 5


def test_an_engine_runs_where_its_surface_wants_it() -> None:
    assert make("run").engine_config.isolation == "thread"
    assert make("server").engine_config.isolation == "process"
    assert make("run", engine={"isolation": "process"}).engine_config.isolation == "process"
    assert make("server", engine={"isolation": "thread"}).engine_config.isolation == "thread"


def test_prompts_are_kept_on_disk_where_the_profile_says_so() -> None:
    assert make("server").engine_config.prompt_folder is None
    kept = make("server", engine={"prompt_cache": {"path": "/cache", "disk_bytes": "2GB"}})
    assert kept.engine_config.prompt_folder == PromptFolder(path="/cache", max_bytes=2 * 10**9)


def test_ranks_are_where_the_profile_says() -> None:
    assert make("run").engine_config.distributed is None
    there = {"ssh": "studio", "ips": ["10.0.0.2"], "rdma": ["rdma_en2", None]}
    section = {"hosts": ["127.0.0.1", there], "backend": "jaccl", "mode": "pipeline", "port": 4000}
    config = make("run", engine={"distributed": section}).engine_config.distributed
    assert config == Distributed(
        hosts=(
            Host(ssh="127.0.0.1", ips=("127.0.0.1",)),
            Host(ssh="studio", ips=("10.0.0.2",), rdma=("rdma_en2", None)),
        ),
        backend="jaccl",
        mode="pipeline",
        port=4000,
    )
    assert config.local == 1


def test_what_stands_beside_the_model_is_for_the_engine() -> None:
    facts = ModelFacts(Path("/models/tiny"), "tiny", {}, {}, (), other_tokenizer=Path("/words"))
    parts = Parts(AdapterFacts(Path("/tuned"), "lora"), ModelFacts(Path("/small"), "small", {}, {}, ()))
    section = {"repo": "org/tiny", "adapter": "/tuned", "tokenizer": "/words", "draft": {"path": "/small"}}
    profile = Profile.model_validate({"model": section, "engine": {"kv_bits": 4, "quantized_kv_start": 9}})
    plan = plans.make(profile, facts, surface="run", name="tiny", config_hash="", parts=parts)
    config = plan.engine_config
    assert (config.adapters, plan.adapter, config.tokenizer_path) == (("/tuned",), "/tuned", "/words")
    assert config.draft == Draft(model_path="/small", tokens=3)
    assert config.kv == KVQuantization(bits=4, group_size=64, start=9)
    plain = make().engine_config
    assert (plain.adapters, plain.draft, plain.kv, plain.tokenizer_path) == ((), None, None, None)


def test_code_of_a_model_needs_trust(tmp_path: Path) -> None:
    facts = ModelFacts(tmp_path, "org/own", {"model_file": "mine.py"}, {}, ())
    refused, trusted = (
        Profile.model_validate({"model": {"repo": "org/own", "trust_remote_code": trust}})
        for trust in (False, True)
    )
    with pytest.raises(ModelError, match=r"brings Python code of its own \(mine\.py\), and may not run it"):
        plans.make(refused, facts, surface="run", name="own", config_hash="")
    with pytest.raises(ModelError, match=r"the folder has no mine\.py"):
        plans.make(trusted, facts, surface="run", name="own", config_hash="")
    (tmp_path / "mine.py").write_text("")
    assert plans.make(
        trusted, facts, surface="run", name="own", config_hash=""
    ).engine_config.trust_remote_code
