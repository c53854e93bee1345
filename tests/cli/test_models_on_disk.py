"""`mlxk pull`, `list`, `health`, `rm` against a hub on loopback: what they print, and their exit statuses."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlxk.cli import main
from mlxk.memory import Machine
from tests.hub.loopback import Hub

Captured = pytest.CaptureFixture[str]
WEIGHTS = "model.safetensors"


@pytest.fixture
def tiny(hub: Hub, cache: Path, qwen3_path: Path, capsys: Captured) -> Path:
    """A model that was pulled."""
    hub.add("org/tiny", qwen3_path)
    assert main(["pull", "org/tiny"]) == 0
    return Path(capsys.readouterr().out.strip())


def out(capsys: Captured) -> Any:
    return json.loads(capsys.readouterr().out)


def test_pull_prints_the_folder(tiny: Path, hub: Hub, capsys: Captured) -> None:
    assert (tiny / WEIGHTS).is_file()
    assert main(["pull", "tiny", "--json"]) == 0
    assert out(capsys) == {"model": "org/tiny", "commit": hub.repos["org/tiny"].commit, "path": str(tiny)}


def test_a_dry_run_fetches_nothing(hub: Hub, cache: Path, qwen3_path: Path, capsys: Captured) -> None:
    repo = hub.add("org/tiny", qwen3_path)
    assert main(["pull", "org/tiny", "--dry-run", "--json"]) == 0
    data = out(capsys)
    assert data["download_bytes"] == sum(map(len, repo.files.values()))
    assert data["fits_memory"] is True
    assert {file["path"] for file in data["files"]} == set(repo.files)
    assert not cache.exists()
    assert main(["pull", "org/tiny@main", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"392 kB  {WEIGHTS}" in said
    assert "to fetch: " in said
    assert "memory: " in said


def test_what_mlx_cannot_load_needs_force(hub: Hub, cache: Path, capsys: Captured) -> None:
    hub.add("org/files", {"model.gguf": b"x", "README.md": b"# Files"})
    assert main(["pull", "org/files"]) == 1
    assert "GGUF files only" in capsys.readouterr().err
    assert main(["pull", "org/files", "--force"]) == 0
    assert [path.name for path in Path(capsys.readouterr().out.strip()).iterdir()] == ["README.md"]


def test_too_little_memory_needs_force(
    hub: Hub, cache: Path, qwen3_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("org/tiny", qwen3_path)
    for place in ("memory.room", "cli.listing"):
        monkeypatch.setattr(f"mlxk.{place}.machine", lambda: Machine(total=1000, usable=1000))
    assert main(["pull", "org/tiny"]) == 1
    said = capsys.readouterr().err
    assert "of memory, and this machine has 1.0 kB for models" in said
    assert "--force" in said
    assert hub.asked("GET", f"resolve/{hub.repos['org/tiny'].commit}/tokenizer.json") == 0
    assert main(["pull", "org/tiny", "--force"]) == 0
    capsys.readouterr()
    assert main(["list", "--json"]) == 0
    assert out(capsys)[0]["fits_memory"] is False


def test_offline_takes_what_is_here(
    tiny: Path, hub: Hub, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.requests.clear()
    assert main(["pull", "org/tiny", "--offline"]) == 0
    assert capsys.readouterr().out.strip() == str(tiny)
    assert main(["pull", "org/other", "--offline"]) == 1
    assert "forbid fetching" in capsys.readouterr().err
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main(["pull", "org/tiny"]) == 0
    assert hub.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["builtin:demo"], "is no repository on the hub"),
        (["./folder"], "is no repository on the hub"),
        (["org/tiny@v1", "--revision", "v2"], "two revisions"),
    ],
)
def test_what_cannot_be_pulled(arguments: list[str], said: str, hub: Hub, capsys: Captured) -> None:
    assert main(["pull", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert hub.requests == []


def test_a_pulled_model_answers_by_its_short_name(tiny: Path, capsys: Captured) -> None:
    assert main(["run", "TINY", "Hi", "--max-tokens", "2", "--json"]) == 0
    assert out(capsys)["usage"]["completion_tokens"] == 2


def test_the_list(tiny: Path, hub: Hub, qwen3_path: Path, capsys: Captured) -> None:
    assert main(["list"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["MODEL", "SIZE", "WEIGHTS"]
    assert row.split()[:8] == ["org/tiny", "405", "kB", "F32", "qwen3", "4,096", "healthy", "yes"]
    hub.add("org/other", qwen3_path)
    main(["pull", "org/other"])
    (tiny / WEIGHTS).unlink()
    capsys.readouterr()
    assert main(["list", "TINY", "--json"]) == 0
    (listed,) = out(capsys)
    assert (listed["model"], listed["health"], listed["fits_memory"]) == ("org/tiny", "incomplete", None)
    assert listed["findings"] == [f"{WEIGHTS} is missing", "the folder has no weights (model*.safetensors)"]
    assert (listed["model_type"], listed["quantization"], listed["context_length"]) == (
        "qwen3",
        "F32",
        4096,
    )


def test_an_empty_list(hub: Hub, cache: Path, capsys: Captured) -> None:
    assert main(["list"]) == 0
    said = capsys.readouterr()
    assert (said.out, "mlxk pull" in said.err) == ("", True)
    assert main(["health"]) == 0


def test_what_is_not_whole_is_neither_healthy_nor_loaded(tiny: Path, capsys: Captured) -> None:
    assert main(["health"]) == 0
    assert capsys.readouterr().out == "org/tiny  healthy\n"
    (tiny / "tokenizer.json").unlink()
    assert main(["health", "tiny"]) == 1
    said = capsys.readouterr().out
    assert "incomplete" in said
    assert "tokenizer.json is missing (get the rest: mlxk pull org/tiny)" in said
    assert main(["run", "tiny", "Hi"]) == 1
    assert "get the rest: mlxk pull org/tiny" in capsys.readouterr().err
    assert main(["pull", "tiny"]) == 0
    assert main(["health", "--json"]) == 0


def test_health_of_folders_and_deep(tiny: Path, qwen3_path: Path, capsys: Captured) -> None:
    assert main(["health", str(qwen3_path), "builtin:demo", "--deep"]) == 0
    assert main(["health", "org/missing"]) == 1
    blob = (tiny / WEIGHTS).resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"\x01")
    capsys.readouterr()
    assert main(["health", "org/tiny"]) == 0
    assert main(["health", "org/tiny", "--deep", "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert found["health"] == "corrupt"
    assert "other content than on the hub" in found["findings"][0]["message"]


def test_a_tokenizer_that_is_none(tmp_path: Path, qwen3_path: Path, capsys: Captured) -> None:
    folder = shutil.copytree(qwen3_path, tmp_path / "model")
    (folder / "tokenizer.json").write_text("{}")
    assert main(["health", str(folder)]) == 1
    assert "tokenizer.json of" in capsys.readouterr().out


def test_models_of_other_kinds_do_not_fail_a_look_at_the_cache(
    hub: Hub, cache: Path, capsys: Captured
) -> None:
    hub.add("org/speech", {"config.json": b'{"model_type": "whisper"}', "model.gguf": b"x"})
    assert main(["pull", "org/speech", "--force"]) == 0
    assert main(["health"]) == 0
    assert "unsupported" in capsys.readouterr().out
    assert main(["health", "speech"]) == 1


def test_health_of_a_profile_names_the_token_that_is_not_there(
    tmp_path: Path, qwen3_path: Path, capsys: Captured
) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text(f'mlxk: 1\nmodel: {qwen3_path}\nstop: {{tokens: ["<|im_end|>"]}}\n')
    assert main(["health", "-p", str(profile)]) == 0
    profile.write_text(f'mlxk: 1\nmodel: {qwen3_path}\nstop: {{tokens: ["<|im_stop|>"]}}\n')
    capsys.readouterr()
    assert main(["health", "-p", str(profile)]) == 1
    assert "this model has no token '<|im_stop|>'" in capsys.readouterr().out


def test_rm_asks(tiny: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["rm", "tiny"]) == 2
    assert "add --yes" in capsys.readouterr().err

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert main(["rm", "tiny"]) == 1
    assert "nothing was removed" in capsys.readouterr().err
    assert tiny.is_dir()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(["rm", "tiny"]) == 0
    assert "frees 405 kB" in capsys.readouterr().out
    assert not tiny.exists()


def test_rm_for_programs(tiny: Path, capsys: Captured) -> None:
    assert main(["rm", "tiny", "--json"]) == 2
    capsys.readouterr()
    assert main(["rm", "tiny", "--json", "--dry-run"]) == 0
    (plan,) = out(capsys)
    assert (plan["removed"], plan["models"][0]["model"]) == (False, "org/tiny")
    assert main(["rm", "tiny", "--json", "--yes"]) == 0
    assert out(capsys)[0]["removed"] is True
    assert main(["rm", "tiny", "--yes"]) == 1
    assert main(["rm"]) == 2


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["health", "builtin:demo"], ["show", "builtin:demo"], ["pull", "org/tiny", "--dry-run"]],
)
def test_no_command_about_models_on_disk_imports_mlx(
    arguments: list[str], hub: Hub, cache: Path, qwen3_path: Path
) -> None:
    hub.add("org/tiny", qwen3_path)
    heavy = ("mlx", "mlx_lm", "transformers", "sanic", "numpy")
    code = (
        "import sys; from mlxk.cli import main; status = main(sys.argv[1:]); "
        f"print(status, [m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.splitlines()[-1] == "0 []"


def test_a_chat_template_that_is_none(tmp_path: Path, qwen3_path: Path, capsys: Captured) -> None:
    folder = shutil.copytree(qwen3_path, tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{% if %}")
    assert main(["health", str(folder)]) == 1
    assert "the chat template default is not valid" in capsys.readouterr().out


def test_a_profile_that_is_taken_for_a_model_is_told(hub: Hub, cache: Path, capsys: Captured) -> None:
    assert main(["run", "demo", "Hi"]) == 1
    assert "hint: for the profile demo: -p demo" in capsys.readouterr().err
