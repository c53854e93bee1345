"""`mlxk up` with several models behind one server."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Serve


@pytest.fixture
def studio(tmp_path: Path, qwen3_path: Path) -> Path:
    profile = tmp_path / "studio.yaml"
    profile.write_text(
        f"""mlxk: 1
server: {{api_keys: [{{name: me, key: open-sesame}}]}}
defaults: {{tokens: {{max_output: 4}}, sampling: {{temperature: 0}}}}
models:
  demo: {{model: "builtin:demo", preload: true, aliases: [nick]}}
  tiny:
    model: {qwen3_path}
    variants: {{tiny-long: {{tokens: {{max_output: 8}}}}}}
"""
    )
    return profile


def test_two_models_and_a_variant(serve: Serve, studio: Path) -> None:
    key = {"x-api-key": "open-sesame"}
    with serve(str(studio)) as server, httpx.Client(base_url=server.url, headers=key, timeout=60) as client:

        def states() -> dict[str, str]:
            return {model["id"]: model["state"] for model in client.get("/v1/models").json()["data"]}

        def ask(model: str) -> int:
            body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
            answer = client.post("/v1/chat/completions", json=body)
            assert answer.status_code == 200, answer.text
            assert answer.json()["model"] == ("demo" if model == "nick" else model)
            return int(answer.json()["usage"]["completion_tokens"])

        assert states() == {"demo": "ready", "tiny": "asleep", "tiny-long": "asleep"}
        assert httpx.get(f"{server.url}/health").json() == {"status": "ready"}
        assert ask("nick") == 4
        assert [ask("tiny"), ask("tiny-long")] == [4, 8]
        engines = server.engine_pids()
        assert len(engines) == 2
        for _ in range(3):
            ask("demo")
            ask("tiny")
        assert server.engine_pids() == engines
        assert set(states().values()) == {"ready"}
        prompt = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}
        counted = client.post("/v1/messages/count_tokens", json=prompt).json()["input_tokens"]
        answer = client.post("/v1/messages", json={**prompt, "max_tokens": 1}).json()["usage"]
        assert counted == answer["input_tokens"] + answer["cache_read_input_tokens"]
        unknown = client.post(
            "/v1/chat/completions", json={"model": "x", "messages": [{"role": "user", "content": "a"}]}
        )
        assert unknown.status_code == 404
        assert "tiny-long" in unknown.text
        assert httpx.get(f"{server.url}/v1/models").status_code == 401
        assert server.stop() == 0


def test_a_budget(serve: Serve, tmp_path: Path, qwen3_path: Path) -> None:
    """One at a time within the budget, in turns; and one that cannot fit is refused in each dialect's way."""
    profile = tmp_path / "budget.yaml"
    profile.write_text(
        f"""mlxk: 1
memory: {{budget: 150MB}}
defaults:
  tokens: {{context: 1024, max_output: 4}}
  engine: {{concurrency: 2, prompt_cache: {{bytes: 4MB}}}}
models:
  demo: {{model: "builtin:demo"}}
  tiny: {{model: {qwen3_path}}}
  huge: {{model: {qwen3_path}, engine: {{concurrency: 256}}}}
"""
    )
    body = {"max_tokens": 4, "messages": [{"role": "user", "content": "Hello"}]}
    with serve(str(profile)) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        for model in ("demo", "tiny", "demo"):
            assert client.post("/v1/chat/completions", json={**body, "model": model}).status_code == 200
            states = {one["name"]: one["state"] for one in client.get("/health").json()["models"]}
            assert [name for name, state in states.items() if state == "ready"] == [model]
            assert len(server.engine_pids()) == 1
        refused = client.post("/v1/chat/completions", json={**body, "model": "huge", "stream": True})
        assert refused.status_code == 507
        assert refused.json()["error"]["code"] == "insufficient_memory"
        assert "there is 150 MB" in refused.text
        assert "engine.concurrency:" in refused.text
        other = client.post("/v1/messages", json={**body, "model": "huge"})
        assert (other.status_code, other.json()["type"]) == (507, "error")
        assert client.get("/health").json()["models"][2]["state"] == "failed"
        assert client.post("/v1/chat/completions", json={**body, "model": "demo"}).status_code == 200
