"""The profiles that ship, and how fast they are read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mlxk.config import catalogue, resolve, validate_files
from mlxk.config import jsonschema as schemas
from mlxk.config.discovery import shipped_folder

FILES = sorted(shipped_folder().glob("*.yaml"))
NAMES = {
    "chat-default",
    "code",
    "deepseek-r1",
    "demo",
    "demo-harmony",
    "gptoss-server",
    "long-context",
    "low-memory",
    "reasoning-qwen3",
    "studio",
}


def test_all_ship() -> None:
    assert {path.stem for path in FILES} >= NAMES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_is_valid_explains_itself_and_resolves(path: Path, folder: Any) -> None:
    folder.environ["STUDIO_KEY"] = "studio"
    lines = path.read_text().splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../schemas/profile.v1.json"
    assert lines[1].startswith("# ")
    assert validate_files([path], cwd=folder.path, environ=folder.environ) == []
    resolved = folder.resolve(path.stem)
    assert resolved.profile.description
    assert resolved.warnings == ()
    for variant in resolved.variants:
        assert folder.resolve(path.stem, variant=variant).profile.model == resolved.profile.model
    editor = jsonschema.Draft202012Validator(schemas.generate("profile"))
    assert list(editor.iter_errors(yaml.safe_load(path.read_text()))) == []


def test_the_demo_is_steady_and_needs_nothing(folder: Any) -> None:
    profile = folder.resolve("demo").profile
    assert (profile.model.repo, profile.sampling.temperature) == ("builtin:demo", 0)
    harmony = folder.resolve("demo-harmony").profile
    assert (harmony.model.repo, harmony.model.chat_template) == ("builtin:demo", "harmony")
    assert harmony.sampling.temperature == 0


def test_gptoss_is_that_of_the_specification(folder: Any) -> None:
    profile = folder.resolve("gptoss-server").profile
    assert profile.reasoning.expose == "reasoning_content"
    assert [(marker.start, marker.kind) for marker in profile.reasoning.markers or []] == [
        ("<|channel|>analysis<|message|>", "reasoning"),
        ("<|channel|>final<|message|>", "text"),
    ]
    assert profile.stop.tokens == ["<|return|>", "<|call|>"]
    assert profile.server.routes["/v1/chat/completions"] == "openai.chat"


def test_the_catalogue_lists_them_with_their_lines(folder: Any) -> None:
    folder.profile("description: Mine.\n", "profiles/demo.yaml")
    listed = {item.name: item for item in catalogue(folder.path, folder.environ)}
    assert listed.keys() >= NAMES
    assert (listed["demo"].where, listed["demo"].description) == ("project", "Mine.")
    assert listed["code"].where == "shipped"
    alone = {item.name: item for item in catalogue(folder.path, folder.environ, isolated=True)}
    assert alone["demo"].where == "shipped"


def test_a_large_file_is_checked(folder: Any) -> None:
    """How long it takes is told by `examples/bench/startup.py`."""
    settings = (
        "{{sampling: {{temperature: 0.{}, top_p: 0.9}}, tokens: {{max_output: {}}}, stop: {{tokens: [a]}}}}"
    )
    variant = "  v{}: " + settings + "\n"
    folder.profile("variants:\n" + "".join(variant.format(n, n % 10, n + 1) for n in range(300)))
    assert folder.validate() == []


def test_importing_is_light() -> None:
    """`mlxk validate` starts fast because none of these is imported for it."""
    heavy = ("mlx", "mlx_lm", "transformers", "sanic", "pydantic_settings", "huggingface_hub")
    code = f"import sys, mlxk.config, mlxk.cli.validate; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_resolving_twice_gives_the_same(folder: Any) -> None:
    first, second = (resolve("code", cwd=folder.path, environ=folder.environ) for _ in range(2))
    assert first.config_hash == second.config_hash
    assert len(first.config_hash) == 64
