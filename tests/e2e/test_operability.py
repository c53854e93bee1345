"""What an operator sees: the log, the metrics, and that they tell what the answers told."""

from __future__ import annotations

import json

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import Serve


def test_log_and_metrics_tell_what_the_answer_told(serve: Serve) -> None:
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}
    with serve("demo", "--log-format", "json") as server:
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60)
        usage = answer.json()["usage"]
        line = server.log.wait_for(r'^\{.*"route": "/v1/chat/completions".*\}$').group()
        record = json.loads(line)
        assert record["request_id"] == answer.headers["x-request-id"]
        assert record["prompt_tokens"] == usage["prompt_tokens"]
        assert record["completion_tokens"] == usage["completion_tokens"]
        assert record["finish_reasons"] == ["stop"]
        assert "Hello" not in line
        found = {
            sample.name: sample.value
            for family in text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
            for sample in family.samples
            if sample.labels.get("model", sample.labels.get("engine")) == "demo"
            and sample.labels.get("kind") in (None, "active")
        }
        assert found["mlxk_generated_tokens_sum"] == usage["completion_tokens"]
        assert found["mlxk_engine_memory_bytes"] > 1_000_000
        assert server.stop() == 0
        for said in server.log.lines:
            assert json.loads(said)["level"] in ("info", "warning"), said
