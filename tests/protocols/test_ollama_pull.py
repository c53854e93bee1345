"""What Ollama's clients want to download, and how they are told of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlxk.errors import DownloadFailed, RequestError, UnsupportedParameter
from mlxk.protocols.ollama.pull import Progress, Pulled, PullEncoder, parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("name", "repo", "revision"),
    [
        ("org/name", "org/name", None),
        ("org/name:latest", "org/name", None),
        ("hf.co/org/name-1.5_b:v2", "org/name-1.5_b", "v2"),
        ("https://huggingface.co/org/name@refs/pr/3", "org/name", "refs/pr/3"),
    ],
)
@pytest.mark.parametrize("field", ["model", "name"])
def test_names_lead_to_the_hub(name: str, repo: str, revision: str | None, field: str) -> None:
    assert parse({field: name}) == Pulled(repo, revision)
    assert parse({field: name, "stream": False, "insecure": False}) == Pulled(repo, revision, stream=False)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "llama3.2",
        "llama3.2:1b",
        "builtin:demo",
        "../name",
        "org/..",
        "/etc/passwd",
        "./org/name",
        "org/name/more",
        "http://elsewhere.example/org/name",
        "örg/name",
        "org/name:",
        "org/name\n",
        "org/name:v1/../../../../x",
        "org/name:/etc/x",
    ],
)
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(RequestError, match="repository of the Hugging Face Hub") as caught:
        parse({"model": name})
    assert caught.value.param == "model"


@pytest.mark.parametrize(
    "said", [{"insecure": True}, {"username": "me"}, {"password": "hush"}], ids=lambda said: next(iter(said))
)
def test_what_the_server_decides_alone(said: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParameter) as caught:
        parse({"model": "org/name", **said})
    assert caught.value.param == next(iter(said))


def test_two_names_that_differ() -> None:
    with pytest.raises(RequestError, match="they differ"):
        parse({"model": "org/a", "name": "org/b"})


def told(*states: Progress) -> list[dict[str, object]]:
    encoder = PullEncoder()
    data = b"".join([encoder.begin(), *map(encoder.feed, states), encoder.end()])
    return [json.loads(line) for line in data.splitlines()]


def test_the_lines() -> None:
    layer = {"status": "pulling 0123456789ab", "digest": f"sha1:{COMMIT}", "total": 100}
    expected = [
        {"status": "pulling manifest"},
        {**layer, "completed": 0},
        {**layer, "completed": 60},
        {**layer, "completed": 100},
        {"status": "verifying sha256 digest"},
        {"status": "success"},
    ]
    steps = [Progress(COMMIT, 0, 100), Progress(COMMIT, 60, 100)]
    assert told(*steps, Progress(COMMIT, 70, 100, verifies=True)) == expected
    whole = Progress(COMMIT, 100, 100, verifies=True)
    assert told(*steps, whole, whole) == expected


def test_an_error_is_a_line() -> None:
    assert PullEncoder().fail(DownloadFailed("It broke.")) == b'{"error":"It broke."}\n'
