"""`request_policy` and `aliases` as a client of `mlxk up` meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Serve, Server

PROFILE = """
mlxk: 1
extends: demo
aliases: [gpt-4o-mini]
request_policy:
  locked: [temperature, system]
  clamp: {max_tokens: {max: 4}, top_p: {min: 0.5}}
"""


@pytest.fixture(scope="module")
def server(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    profile: Path = tmp_path_factory.mktemp("policy") / "strict.yaml"
    profile.write_text(PROFILE)
    with serve(str(profile)) as running:
        yield running


def ask(server: Server, **body: Any) -> httpx.Response:
    messages = [{"role": "user", "content": "Why is the sky blue?"}]
    return httpx.post(
        f"{server.url}/v1/chat/completions",
        json={"model": "strict", "messages": messages, **body},
        timeout=60,
    )


def test_a_locked_parameter_is_refused_by_name(server: Server) -> None:
    answer = ask(server, temperature=0.9)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "temperature"
    assert "locked" in answer.json()["error"]["message"]
    messages = [{"role": "system", "content": "Be rude."}, {"role": "user", "content": "Hi"}]
    assert ask(server, messages=messages, stream=True).json()["error"]["param"] == "system"
    # What the profile says anyway may be said.
    assert ask(server, temperature=0).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_clamped_value_is_told(server: Server, stream: bool) -> None:
    answer = ask(server, max_completion_tokens=500, top_p=0.1, stream=stream)
    assert answer.status_code == 200
    assert answer.headers["x-mlxk-warning"] == (
        "top_p 0.1 was clamped to 0.5; max_tokens 500 was clamped to 4"
    )
    assert '"finish_reason":"length"' in answer.text.replace(" ", "")


def test_a_response_tells_what_it_was_made_with(server: Server) -> None:
    """The profile's temperature, a clamped `top_p`, a lowered limit, and the effort that the model knows."""
    body = {"model": "strict", "input": "Hi", "max_output_tokens": 500, "top_p": 0.1}
    told = httpx.post(f"{server.url}/v1/responses", json=body, timeout=60).json()
    assert (told["temperature"], told["top_p"], told["max_output_tokens"]) == (0, 0.5, 4)
    assert told["truncation"] in ("auto", "disabled")
    kept = httpx.get(f"{server.url}/v1/responses/{told['id']}", timeout=60).json()
    assert kept == told
    plain = httpx.post(f"{server.url}/v1/responses", json={"model": "strict", "input": "Hi"}, timeout=60)
    assert plain.json()["max_output_tokens"] > 0
    assert plain.json()["top_p"] == 1


def test_an_alias_is_a_name_of_the_model(server: Server) -> None:
    assert ask(server, model="gpt-4o-mini").status_code == 200
    listed = httpx.get(f"{server.url}/v1/models").json()["data"]
    assert [(model["id"], model["aliases"]) for model in listed] == [("strict", ["gpt-4o-mini"])]
    assert httpx.get(f"{server.url}/v1/models/gpt-4o-mini").json()["id"] == "strict"


@pytest.mark.parametrize(("policy", "status"), [("refuse", 400), ("warn", 200)])
def test_what_cannot_be_honoured_is_refused_or_told_in_every_anthropic_answer(
    serve: Serve, policy: str, status: int
) -> None:
    tool = {"name": "add", "input_schema": {"type": "object"}, "defer_loading": True}
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hi"}], "tools": [tool]}
    with serve("demo", "--set", f"request_policy.unsupported={policy}") as running:
        for path, more in (("/v1/messages", {"max_tokens": 4}), ("/v1/messages/count_tokens", {})):
            answer = httpx.post(f"{running.url}{path}", json={**body, **more}, timeout=60)
            assert answer.status_code == status
            told = answer.text if policy == "refuse" else answer.headers["x-mlxk-warning"]
            assert "tools[0].defer_loading" in told
