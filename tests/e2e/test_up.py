"""`mlxk up` with real clients: the official `openai` package, signals, crashes, bad requests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.e2e.conftest import MLXK, TIMEOUT, Cli, Serve, Server, children
from tests.models import GPT_OSS_SCRIPT

ROOT = Path(__file__).parents[2]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


@pytest.fixture
def client(demo_server: Server) -> OpenAI:
    return OpenAI(base_url=f"{demo_server.url}/v1", api_key="none", max_retries=0)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come true."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def test_models(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["demo"]
    assert client.models.retrieve("demo").id == "demo"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert caught.value.code == "model_not_found"


def test_streaming_has_roles_deltas_and_an_end(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="demo", messages=user("Hello"), stream=True))  # type: ignore[call-overload]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == [
        "stop"
    ]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text
    assert len({chunk.id for chunk in chunks}) == 1


def test_no_special_token_leaks(client: OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(
        model="demo",
        messages=user("Why is the sky blue?"),
        stream=True,  # type: ignore[arg-type]
    ) as response:
        raw = "".join(response.iter_text())
    assert "<|" not in raw
    assert "think>" not in raw


def test_a_conversation_reuses_the_prompt(client: OpenAI) -> None:
    messages = user("My name is Ada.")
    first = client.chat.completions.create(model="demo", messages=messages)  # type: ignore[arg-type]
    messages += [
        {"role": "assistant", "content": first.choices[0].message.content},
        *user("What is my name?"),
    ]
    second = client.chat.completions.create(model="demo", messages=messages)  # type: ignore[arg-type]
    assert second.usage is not None
    assert second.usage.prompt_tokens_details is not None
    assert (second.usage.prompt_tokens_details.cached_tokens or 0) > 0


def test_concurrent_requests_get_their_own_answers(client: OpenAI) -> None:
    from concurrent.futures import ThreadPoolExecutor

    prompts = ["Hello", "Why is the sky blue?", "Who are you?", "Count from 1 to 20."] * 2

    def ask(prompt: str) -> str:
        return (
            client.chat.completions.create(model="demo", messages=user(prompt)).choices[0].message.content
            or ""
        )  # type: ignore[arg-type]

    alone = {prompt: ask(prompt) for prompt in set(prompts)}
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, prompts)) == [alone[prompt] for prompt in prompts]


BAD_BODIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "no messages": ({"model": "demo"}, 400, "messages"),
    "empty messages": ({"model": "demo", "messages": []}, 400, "messages"),
    "wrong type": ({"model": "demo", "messages": "hi"}, 400, "messages"),
    "wrong role": (
        {"model": "demo", "messages": [{"role": "king", "content": "x"}]},
        400,
        "messages[0].role",
    ),
    "wrong temperature": ({"model": "demo", "messages": user("x"), "temperature": "hot"}, 400, "temperature"),
    "temperature too high": ({"model": "demo", "messages": user("x"), "temperature": 9}, 400, "temperature"),
    "unknown field": ({"model": "demo", "messages": user("x"), "temprature": 1}, 400, "temprature"),
    "unknown model": ({"model": "other", "messages": user("x")}, 404, "model"),
    "no tokens": ({"model": "demo", "messages": user("x"), "max_tokens": 0}, 400, "max_tokens"),
    "too many tokens": ({"model": "demo", "messages": user("x"), "max_tokens": 5000}, 400, "max_tokens"),
    "too long a prompt": ({"model": "demo", "messages": user("sky " * 9000)}, 400, "messages"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_bad_body_is_told_by_name(demo_server: Server, case: str) -> None:
    body, status, param = BAD_BODIES[case]
    answer = httpx.post(f"{demo_server.url}/v1/chat/completions", json=body, timeout=TIMEOUT)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["param"] == param
    assert error["message"]
    assert error["type"] == "invalid_request_error"
    assert error["code"]
    assert str(ROOT) not in answer.text


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"model": NaN}', b"[" * 5000, b"null", b'"x"'], ids=repr
)
def test_a_body_that_is_no_object(demo_server: Server, content: bytes) -> None:
    answer = httpx.post(
        f"{demo_server.url}/v1/chat/completions",
        content=content,
        headers={"content-type": "application/json"},
        timeout=TIMEOUT,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_openai_client_raises_its_own_errors(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="demo"):
        client.chat.completions.create(model="gpt-5", messages=user("x"))  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="demo", messages=user("sky " * 9000))  # type: ignore[arg-type]
    assert caught.value.code == "context_length_exceeded"
    assert client.chat.completions.create(model="demo", messages=user("Hello")).choices[0].message.content  # type: ignore[arg-type]


def test_health(demo_server: Server) -> None:
    answer = httpx.get(f"{demo_server.url}/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["models"][0]["name"] == "demo"


def test_a_browser_gets_the_page_and_a_program_does_not(demo_server: Server) -> None:
    page = httpx.get(demo_server.url, headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '"openai.chat":"/v1/chat/completions"' in page.text
    assert httpx.get(demo_server.url).text == "Ollama is running"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_ends(serve: Serve, number: signal.Signals) -> None:
    with serve("demo") as server:
        engines = server.engine_pids()
        assert engines
        client = OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        stream = client.chat.completions.create(
            model="demo",
            messages=user("Tell me a story."),
            stream=True,  # type: ignore[arg-type]
        )
        chunks = [next(stream)]
        server.process.send_signal(number)
        chunks += list(stream)
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert server.process.wait(timeout=TIMEOUT) == 0
        until(lambda: not any(alive(pid) for pid in engines))


def test_a_killed_server_leaves_no_engine(serve: Serve) -> None:
    with serve("demo") as server:
        engines = server.engine_pids()
        assert engines
        server.stop(signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in engines))


def test_a_killed_engine_comes_back(serve: Serve) -> None:
    with serve("demo") as server:
        client = OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        (before,) = server.engine_pids()
        os.kill(before, signal.SIGKILL)
        until(lambda: (pids := server.engine_pids()) != [] and pids != [before])
        until(lambda: httpx.get(f"{server.url}/health").status_code == 200)
        assert 'mlxk_engine_restarts_total{engine="demo"} 1.0' in httpx.get(f"{server.url}/metrics").text
        assert client.chat.completions.create(model="demo", messages=user("Hello")).choices[0].message.content  # type: ignore[arg-type]


def test_a_client_that_leaves_frees_its_place(serve: Serve, endless: Path) -> None:
    with serve(str(endless)) as server:
        body = {"model": "endless", "messages": user("Go on."), "stream": True}
        with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=TIMEOUT) as answer:
            lines = answer.iter_lines()
            next(lines)
            until(lambda: httpx.get(f"{server.url}/health").json()["models"][0]["running"] == 1)
        until(lambda: httpx.get(f"{server.url}/health").json()["models"][0]["running"] == 0)


def test_a_server_answer_takes_half_the_context(serve: Serve, endless: Path) -> None:
    with serve(str(endless), "--context", "300") as server:
        body = {"model": "endless", "messages": user("Go on.")}
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=TIMEOUT).json()
        assert answer["usage"]["completion_tokens"] == 150
        assert answer["choices"][0]["finish_reason"] == "length"
        asked = httpx.post(
            f"{server.url}/v1/chat/completions", json={**body, "max_tokens": 200}, timeout=TIMEOUT
        ).json()
        assert asked["usage"]["completion_tokens"] == 200


def test_a_port_in_use_is_told_before_anything_starts(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("up", "demo", "--listen", f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_model_leaves_nothing_running(
    home: Path, environment: dict[str, str], qwen3_path: Path, tmp_path: Path
) -> None:
    """Weights that only the engine finds wrong: the front has read their header, which is right."""
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(qwen3_path, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": config["hidden_size"] * 2}))
    profile = tmp_path / "broken.yaml"
    profile.write_text(f"mlxk: 1\nmodel: {folder}\n")
    process = subprocess.Popen(
        [*MLXK, "up", str(profile), "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
    )
    _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert "error: " in errors
    assert "Traceback" not in errors
    assert children(process.pid) == []


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("up",), 2, "profile"),
        (("up", "dmo"), 1, "did you mean `demo`?"),
        (("up", "demo", "--listen", "0.0.0.0:8080"), 1, "no API keys"),
        (("up", "demo", "--listen", "nonsense"), 1, "must be host:port"),
        (("up", "demo", "--set", "server.lisen=x"), 1, "did you mean `listen`"),
        (("up", "gptoss-server"), 1, "mlxk pull mlx-community/gpt-oss-20b-MXFP4-Q8"),
    ],
)
def test_bad_command_lines(cli: Cli, arguments: tuple[str, ...], status: int, message: str) -> None:
    done = cli(*arguments)
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_gpt_oss_profile_serves_harmony(serve: Serve, gpt_oss_path: Path) -> None:
    """The shipped profile itself, with a tiny model of that architecture in place of the 20B one."""
    assert GPT_OSS_SCRIPT.startswith("<|channel|>analysis<|message|>ok<|end|>")
    with serve(str(ROOT / "profiles" / "gptoss-server.yaml"), "--set", f"model={gpt_oss_path}") as server:
        client = OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        answer = client.chat.completions.create(model="gptoss-server", messages=user("Hi"), temperature=0)  # type: ignore[arg-type]
        message = answer.choices[0].message
        assert message.content == "hello"
        assert message.reasoning_content == "ok"  # type: ignore[attr-defined]
        assert answer.choices[0].finish_reason == "stop"
        stream = client.chat.completions.create(
            model="gptoss-server",
            messages=user("Hi"),
            temperature=0,
            stream=True,  # type: ignore[arg-type]
        )
        deltas = [chunk.choices[0].delta for chunk in stream if chunk.choices]
        assert "".join(delta.content or "" for delta in deltas) == "hello"
        assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "ok"
        raw = client.completions.create(model="gptoss-server", prompt="hello", max_tokens=5, temperature=0)
        assert "<|" not in raw.choices[0].text
