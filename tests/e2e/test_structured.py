"""Structured output as users get it: the official client, the command line, and profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from openai import BadRequestError, OpenAI
from pydantic import BaseModel, ConfigDict, Field

from tests.e2e.conftest import Cli, Server


class Report(BaseModel):
    """A weather report."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=20)
    kind: Literal["sun", "rain"]
    degrees: list[Annotated[int, Field(ge=0, le=40)]] = Field(max_length=3)


def test_the_official_client_parses_what_it_asked_for(demo_server: Server) -> None:
    with OpenAI(base_url=f"{demo_server.url}/v1", api_key="none", max_retries=0) as client:
        answer = client.chat.completions.parse(
            model="demo",
            messages=[{"role": "user", "content": "What is the weather in Paris?"}],
            response_format=Report,
            max_tokens=300,
        )
        assert isinstance(answer.choices[0].message.parsed, Report)
        assert answer.choices[0].finish_reason == "stop"
        choice = client.chat.completions.create(
            model="demo",
            messages=[{"role": "user", "content": "Hello!"}],
            tools=[
                {"type": "function", "function": {"name": "report", "parameters": Report.model_json_schema()}}
            ],
            tool_choice="required",
            parallel_tool_calls=False,
            max_tokens=300,
        ).choices[0]
        assert choice.finish_reason == "tool_calls"
        assert choice.message.tool_calls is not None
        Report.model_validate_json(choice.message.tool_calls[0].function.arguments)
        schema = {"name": "r", "schema": {"properties": {"a": {"type": "array", "uniqueItems": True}}}}
        with pytest.raises(BadRequestError, match=r"'uniqueItems' at properties\.a\.uniqueItems") as caught:
            client.chat.completions.create(
                model="demo",
                messages=[{"role": "user", "content": "Hello!"}],
                response_format={"type": "json_schema", "json_schema": schema},
            )
        assert caught.value.param == "response_format"


def test_run_answers_under_a_schema_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(Report.model_json_schema()))
    done = cli("run", "-p", "demo", "--schema", str(file), "What is the weather in Paris?")
    assert done.returncode == 0, done.stderr
    Report.model_validate_json(done.stdout)


def test_a_profile_constrains_its_answers(cli: Cli, tmp_path: Path) -> None:
    profile = tmp_path / "p.yaml"
    (tmp_path / "schema.json").write_text(json.dumps(Report.model_json_schema()))
    profile.write_text(
        "mlxk: 1\nmodel: builtin:demo\nsampling: {temperature: 0}\n"
        "output: {json_schema: '${file:schema.json}'}\n"
        "engine: {concurrency: 1, prompt_cache: {bytes: 1MiB}}\n"
    )
    done = cli("run", "-p", str(profile), "What is the weather in Paris?")
    assert done.returncode == 0, done.stderr
    Report.model_validate_json(done.stdout)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("output: {regex: a, grammar: b}", "exclude each other"),
        ("output: {json_schema: '{'}", "not JSON"),
        ("output: {json_schema: 3}", "must be a mapping"),
        ("engine: {prompt_cache: {bytes: 2 cups}}", "not a size"),
        ("engine: {concurrency: 0}", "must be at least 1"),
    ],
)
def test_what_a_profile_gets_wrong_is_told_with_its_place(
    cli: Cli, tmp_path: Path, lines: str, words: str
) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text(f"mlxk: 1\nmodel: builtin:demo\n{lines}\n")
    done = cli("validate", str(profile))
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert "p.yaml:3" in done.stdout + done.stderr


def test_a_schema_file_that_is_not_there_is_a_usage_error(cli: Cli) -> None:
    done = cli("run", "-p", "demo", "--schema", "nowhere.json", "Hello!")
    assert done.returncode == 2
    assert "nowhere.json" in done.stderr
