"""`/tokenize` and `/detokenize`, in vLLM's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from mlxk.errors import RequestError
from mlxk.requests import GenerationRequest
from mlxk.server.tokens import TextTokens
from tests.server.conftest import Running
from tests.text.folders import load_text, write_folder

USER = {"role": "user", "content": "hi"}


def post(server: Running, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{server.address}/{path}", json=body)


def test_the_tokens_of_a_prompt(server: Running) -> None:
    answer = post(server, "tokenize", model="scripted", prompt="hi")
    assert answer.json() == {"count": 3, "max_model_len": 4096, "tokens": [0, 104, 105], "token_strs": None}
    answer = post(server, "tokenize", prompt="hi", add_special_tokens=False, return_token_strs=True)
    assert answer.json()["tokens"] == [104, 105]
    assert answer.json()["token_strs"] == ["h", "i"]
    assert answer.headers["x-mlxk-config-hash"] == "c0ffee"


def test_the_tokens_of_messages(server: Running) -> None:
    tools = [{"type": "function", "function": {"name": "add", "parameters": {}}}]
    answer = post(server, "tokenize", model="nick", messages=[USER], tools=tools)
    assert answer.json()["count"] == 3


def test_the_text_of_tokens(server: Running) -> None:
    assert post(server, "detokenize", tokens=[104, 105]).json() == {"prompt": "hi"}
    assert post(server, "detokenize", tokens=[]).json() == {"prompt": ""}


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("tokenize", {}, 400, "prompt"),
        ("tokenize", {"prompt": "a", "messages": [USER]}, 400, "prompt"),
        ("tokenize", {"prompt": "a", "tools": []}, 400, "tools"),
        ("tokenize", {"prompt": "a", "add_generation_prompt": True}, 400, "add_generation_prompt"),
        ("tokenize", {"messages": [USER], "add_special_tokens": True}, 400, "add_special_tokens"),
        ("tokenize", {"messages": []}, 400, "messages"),
        ("tokenize", {"prompt": 1}, 400, "prompt"),
        ("tokenize", {"content": "a"}, 400, "content"),
        ("tokenize", {"prompt": "a", "model": "other"}, 404, "model"),
        (
            "tokenize",
            {"messages": [USER], "add_generation_prompt": True, "continue_final_message": True},
            400,
            "add_generation_prompt",
        ),
        ("detokenize", {}, 400, "tokens"),
        ("detokenize", {"tokens": [-1]}, 400, "tokens[0]"),
        ("detokenize", {"tokens": [1], "model": "other"}, 404, "model"),
    ],
)
def test_what_is_wrong(server: Running, path: str, body: dict[str, Any], status: int, param: str) -> None:
    answer = post(server, path, **body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


async def test_a_real_tokenizer(tmp_path: Path) -> None:
    text = load_text(write_folder(tmp_path, special=("<|im_start|>", "<|im_end|>")))
    tokens = TextTokens(text)
    request = GenerationRequest(prompt="Hello<|im_end|>")
    ids = await tokens.encode(request, plain=True)
    assert ids == text.encode("Hello<|im_end|>")
    assert "".join(await tokens.spell(ids)) == await tokens.decode(ids) == "Hello<|im_end|>"
    with pytest.raises(RequestError, match="Token ids are from 0 to") as caught:
        await tokens.decode([0, 99_999])
    assert caught.value.param == "tokens[1]"


async def test_messages_with_and_without_the_next_turn(tmp_path: Path) -> None:
    from mlxk.requests import Message

    tokens = TextTokens(load_text(write_folder(tmp_path, special=("<|im_start|>", "<|im_end|>"))))
    messages = (Message("user", "Hello"),)
    ended = await tokens.encode(
        GenerationRequest(messages=messages, add_generation_prompt=False), plain=False
    )
    begun = await tokens.encode(GenerationRequest(messages=messages), plain=False)
    assert await tokens.decode(ended) == "<|im_start|>user\nHello<|im_end|>\n"
    assert await tokens.decode(begun[len(ended) :]) == "<|im_start|>assistant\n"
