"""One engine, one path: the same greedy request gives the same answer on every surface, streamed or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openai import OpenAI

from tests.e2e.conftest import Cli, Serve

PROMPTS = ("Why is the sky blue?", "Hello!", "Count from 1 to 20.", "Write me an operating system in Rust.")


@dataclass(frozen=True)
class Said:
    """What a surface said, in every respect that two surfaces must share."""

    text: str
    reasoning: str
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    finish_reason: str


@pytest.fixture(scope="module", params=["demo", "demo-harmony"])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def client(profile: str, serve: Serve) -> Iterator[OpenAI]:
    with (
        serve(profile) as server,
        OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def by_json(cli: Cli, profile: str, prompt: str, *options: str) -> Said:
    done = cli("run", "-p", profile, "--json", *options, prompt)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    usage = answer["usage"]
    return Said(
        answer["text"],
        answer["reasoning"] or "",
        usage["prompt_tokens"],
        usage["completion_tokens"],
        usage["reasoning_tokens"],
        answer["finish_reason"],
    )


def of_usage(usage: Any) -> tuple[int, int, int]:
    return usage.prompt_tokens, usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens


def by_chat_completion(client: OpenAI, profile: str, prompt: str, **options: Any) -> Said:
    answer = client.chat.completions.create(
        model=profile, messages=[{"role": "user", "content": prompt}], **options
    )
    choice = answer.choices[0]
    reasoning = getattr(choice.message, "reasoning_content", None) or ""
    return Said(choice.message.content or "", reasoning, *of_usage(answer.usage), choice.finish_reason)


def by_chat_stream(client: OpenAI, profile: str, prompt: str, **options: Any) -> Said:
    text, reasoning, finish_reason, usage = "", "", "", None
    stream = client.chat.completions.create(
        model=profile,
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
        **options,
    )
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            finish_reason = choice.finish_reason or finish_reason
    return Said(text, reasoning, *of_usage(usage), finish_reason)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_surface_says_the_same(cli: Cli, client: OpenAI, profile: str, prompt: str) -> None:
    said = by_json(cli, profile, prompt)
    assert said.text
    assert by_chat_completion(client, profile, prompt) == said
    assert by_chat_stream(client, profile, prompt) == said
    streamed = cli("run", "-p", profile, prompt)
    assert streamed.stdout == said.text.removesuffix("\n") + "\n"
    assert cli("run", "-p", profile, "--no-stream", prompt).stdout == streamed.stdout
    assert cli("chat", "-p", profile, stdin=f"{prompt}\nexit\n").stdout == streamed.stdout


def test_every_surface_stops_at_the_token_limit(cli: Cli, client: OpenAI, profile: str) -> None:
    said = by_json(cli, profile, "Count from 1 to 20.", "--max-tokens", "25")
    assert (said.finish_reason, said.completion_tokens) == ("length", 25)
    assert by_chat_completion(client, profile, "Count from 1 to 20.", max_tokens=25) == said
    assert by_chat_stream(client, profile, "Count from 1 to 20.", max_completion_tokens=25) == said


def test_every_surface_stops_at_a_stop_sequence(cli: Cli, client: OpenAI, profile: str) -> None:
    whole = by_json(cli, profile, "Count from 1 to 20.")
    stop = whole.text[len(whole.text) // 2 :][:3]
    said = by_json(cli, profile, "Count from 1 to 20.", "--stop", stop)
    assert said.finish_reason == "stop"
    assert said.text == whole.text.partition(stop)[0]
    assert by_chat_completion(client, profile, "Count from 1 to 20.", stop=stop) == said
    assert by_chat_stream(client, profile, "Count from 1 to 20.", stop=[stop]) == said


def test_a_raw_completion_is_the_same_streamed_and_not(client: OpenAI, profile: str) -> None:
    whole = client.completions.create(model=profile, prompt="1, 2, 3, 4, 5, 6,", max_tokens=20, temperature=0)
    text, finish_reason = "", None
    for chunk in client.completions.create(
        model=profile, prompt="1, 2, 3, 4, 5, 6,", max_tokens=20, temperature=0, stream=True
    ):
        text += chunk.choices[0].text
        finish_reason = chunk.choices[0].finish_reason or finish_reason
    assert (text, finish_reason) == (whole.choices[0].text, whole.choices[0].finish_reason)
    assert text
