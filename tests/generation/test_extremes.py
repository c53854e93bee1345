"""Whatever number a body has, preparing it gives what fits the window, or an error of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlxk.config.schema import Profile
from mlxk.errors import MlxkError
from mlxk.generation import Loaded, prepare
from mlxk.hub import facts
from mlxk.plan import make
from mlxk.protocols import CONVERSATIONS, DIALECTS
from mlxk.protocols.base import ParsedRequest
from mlxk.protocols.decoding import decode
from mlxk.text import TextModel
from tests.engine.scripted import ScriptedEngine
from tests.protocols.responses import Kept

USER = '"messages": [{"role": "user", "content": "hi"}]'
SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "min_tokens_to_keep",
    "xtc_probability",
    "xtc_threshold",
    "repetition_penalty",
    "repetition_context",
    "presence_penalty",
    "frequency_penalty",
    "seed",
)
CHAT = (*SAMPLING, "max_tokens", "max_completion_tokens", "n", "top_logprobs")
OPTIONS = ("num_predict", "num_ctx", "temperature", "top_k", "top_p", "min_p", "repeat_last_n", "seed")
# For each dialect a body to be completed, and its numbers.
BODIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "openai.chat": ("{%s, " + USER + ', "logprobs": true}', CHAT),
    "openai.completions": ('{%s, "prompt": "hi"}', (*SAMPLING, "max_tokens", "n", "logprobs")),
    "openai.responses": ('{%s, "input": "hi"}', (*SAMPLING, "max_output_tokens", "top_logprobs")),
    "anthropic.messages": ('{"model": "m", %s, ' + USER + "}", ("max_tokens",)),
    "ollama.chat": ('{"options": {%s}, ' + USER + "}", OPTIONS),
}
VALUES = (
    *("0", "-0.0", "-1", "1", "0.5", "5e-324", "1e308", "-1e308", "1e400", "NaN", "Infinity", '"5"', "null"),
    *(str(sign * (1 << bits) + more) for bits in (31, 63, 64) for sign in (1, -1) for more in (-1, 0)),
    *("1" + "0" * digits for digits in (30, 400, 4299, 4300)),
)
LIMITS = ("temperature", "top_k", "repetition_penalty", "repetition_context", "max_tokens")
PROFILES: tuple[dict[str, Any], ...] = (
    {},
    {
        "request_policy": {"clamp": {name: {"min": 1, "max": 2} for name in LIMITS}},
        "sampling": {"seed": (1 << 64) - 1},
    },
    {"tokens": {"context": 100, "max_output": 50, "overflow": "truncate_oldest"}},
    {"request_policy": {"above_max_output": "refuse"}, "tokens": {"max_output": 50}},
)


@pytest.fixture(params=PROFILES)
def loaded(request: pytest.FixtureRequest, qwen3_path: Path) -> Loaded:
    profile = Profile.model_validate({"model": {"path": str(qwen3_path)}, **request.param})
    found = facts.read(qwen3_path)
    plan = make(profile, found, surface="server", name="m", config_hash="0")
    return Loaded(plan, TextModel.load(found, profile), ScriptedEngine())


def parsed(dialect: str, body: str) -> ParsedRequest:
    said = decode(body.encode())
    if dialect in CONVERSATIONS:
        return CONVERSATIONS[dialect].parse(said, Kept())
    return DIALECTS[dialect].parse(said)


@pytest.mark.parametrize("dialect", BODIES)
def test_any_number(dialect: str, loaded: Loaded) -> None:
    frame, fields = BODIES[dialect]
    for field in fields:
        for value in VALUES:
            try:
                generation = parsed(dialect, frame % f'"{field}": {value}').generations[-1]
                engine_request = prepare(loaded, generation).engine_request
            except MlxkError:
                continue
            tokens = len(engine_request.prompt) + engine_request.max_tokens
            assert tokens <= loaded.plan.window(generation)
            # What the messages to an engine's process hold.
            seed = engine_request.sampling.seed
            assert seed is None or -(1 << 63) <= seed < 1 << 64
