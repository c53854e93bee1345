"""Bodies of text completions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlxk.errors import RequestError
from mlxk.protocols.openai import completions
from mlxk.requests import GenerationRequest


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("once", ["once"]),
        ("", [""]),
        (["a", "b"], ["a", "b"]),
        ([1, 2], [(1, 2)]),
        ([[1, 2], [3]], [(1, 2), (3,)]),
    ],
)
def test_prompts(prompt: object, expected: list[object]) -> None:
    parsed = completions.parse({"prompt": prompt})
    assert parsed.generations == tuple(GenerationRequest(prompt=one) for one in expected)  # type: ignore[arg-type]


def test_fields() -> None:
    body = {"prompt": "a", "model": "m", "max_tokens": 3, "stop": "x", "logprobs": 2, "seed": 1, "n": 2}
    parsed = completions.parse({**body, "best_of": 2, "stream": True, "user": "me", "suffix": None})
    common = {"prompt": "a", "model": "m", "max_tokens": 3, "stop": ("x",), "top_logprobs": 2}
    assert parsed.generations == (
        GenerationRequest(**common, sampling={"seed": 1}),  # type: ignore[arg-type]
        GenerationRequest(**common, sampling={"seed": 1}, choice=1),  # type: ignore[arg-type]
    )
    assert (parsed.model, parsed.stream) == ("m", True)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [[]]}, "prompt"),
        ({"prompt": [1, "a"]}, "prompt"),
        ({"prompt": [-1]}, "prompt"),
        ({"prompt": [True]}, "prompt"),
        ({"prompt": ["a"] * 129}, "prompt"),
        ({"prompt": ["a"] * 65, "n": 2}, "n"),
        ({"logprobs": 6}, "logprobs"),
        ({"logprobs": True}, "logprobs"),
        ({"best_of": 3}, "best_of"),
        ({"prompt": [1], "echo": True}, "echo"),
        ({"echo": True, "logprobs": 0}, "logprobs"),
        ({"messages": []}, "messages"),
        ({"max_completion_tokens": 3}, "max_completion_tokens"),
    ],
)
def test_refused(fields: Mapping[str, object], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        completions.parse({"prompt": "a", **fields})
    assert caught.value.param == param


def test_the_prompt_is_required() -> None:
    with pytest.raises(RequestError, match="Missing required parameter: 'prompt'"):
        completions.parse({})


@pytest.mark.parametrize(("said", "expected"), [("b", "b"), ("", None), (None, None)])
def test_a_suffix_is_what_follows_the_gap(said: str | None, expected: str | None) -> None:
    (request,) = completions.parse({"prompt": "a", "suffix": said}).generations
    assert (request.prompt, request.suffix) == ("a", expected)
