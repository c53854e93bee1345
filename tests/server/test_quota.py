"""What each API key may take."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import openai
import pytest

from mlxk.errors import RateLimited
from mlxk.server.guard import Guard
from mlxk.server.keys import Keyring
from mlxk.server.limits import Limits
from mlxk.server.quota import KeyLimits, Quotas
from tests.server.conftest import Running

CHAT = "/v1/chat/completions"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def use(quotas: Quotas, key: str | None) -> dict[str, str]:
    with quotas.admit(key) as headers:
        return headers


def test_a_minutes_requests_at_once_and_then_at_the_rate() -> None:
    clock = Clock()
    quotas = Quotas(KeyLimits(requests_per_minute=3), clock=clock)
    assert [use(quotas, "a")["x-ratelimit-remaining-requests"] for _ in range(3)] == ["2", "1", "0"]
    with pytest.raises(RateLimited, match="3 requests per minute") as caught:
        use(quotas, "a")
    assert caught.value.retry_after == 20
    assert use(quotas, "b")["x-ratelimit-remaining-requests"] == "2"
    clock.now += 19
    with pytest.raises(RateLimited):
        use(quotas, "a")
    clock.now += 1
    assert use(quotas, "a")["x-ratelimit-reset-requests"] == "60s"
    clock.now += 3600
    assert use(quotas, "a")["x-ratelimit-remaining-requests"] == "2"


def test_requests_at_a_time() -> None:
    quotas = Quotas(KeyLimits(concurrency=1), {"team": KeyLimits(concurrency=2)})
    with quotas.admit("a"), quotas.admit("b"):
        with pytest.raises(RateLimited, match="1 requests at a time"):
            use(quotas, "a")
        with quotas.admit("team"), quotas.admit("team"), pytest.raises(RateLimited):
            use(quotas, "team")
    assert use(quotas, "a") == {}


def test_a_request_that_was_refused_takes_nothing() -> None:
    quotas = Quotas(KeyLimits(concurrency=1, requests_per_minute=2), clock=Clock())
    with quotas.admit("a"), pytest.raises(RateLimited, match="at a time"):
        use(quotas, "a")
    assert use(quotas, "a")["x-ratelimit-remaining-requests"] == "0"


def test_without_a_key_nothing_is_limited() -> None:
    quotas = Quotas(KeyLimits(concurrency=1, requests_per_minute=1))
    with quotas.admit(None), quotas.admit(None):
        assert use(quotas, None) == {}


def test_over_http_a_stream_holds_its_place(start_server: Callable[..., Running]) -> None:
    keys = Keyring([("ci", "first"), ("ops", "second")])
    limits = Limits(per_key=KeyLimits(concurrency=1), named_keys={"ops": KeyLimits(requests_per_minute=1)})
    server = start_server(guard=Guard("127.0.0.1", keys=keys), limits=limits)

    def ask(key: str, text: str = "text:hi") -> httpx.Response:
        body = {"messages": [{"role": "user", "content": text}]}
        return httpx.post(server.address + CHAT, json=body, headers={"x-api-key": key})

    body = {"messages": [{"role": "user", "content": "text:a wait"}], "stream": True}
    with httpx.stream("POST", server.address + CHAT, json=body, headers={"x-api-key": "first"}):
        server.wait_for(server.script.waiting)
        refused = ask("first")
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        assert ask("second").headers["x-ratelimit-limit-requests"] == "1"
        limited = ask("second")
        assert limited.status_code == 429
        assert 55 <= int(limited.headers["retry-after"]) <= 60
        server.open_gate()
    client = openai.OpenAI(base_url=f"{server.address}/v1", api_key="second", max_retries=0)
    with client, pytest.raises(openai.RateLimitError, match="requests per minute"):
        client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "text:a"}])
