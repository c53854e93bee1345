"""`mlxk show`, `clone`, `push`, `convert`: models told, copied, sent, quantised, each with the real thing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mlxk.cli import main
from mlxk.hub import facts
from tests.hub.loopback import TOKEN, Hub

Captured = pytest.CaptureFixture[str]
WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tmp_path: Path, qwen3_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder, in the working folder."""
    shutil.copytree(qwen3_path, tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine"


def out(capsys: Captured) -> Any:
    return json.loads(capsys.readouterr().out)


def test_show_tells_how_answers_are_read(gpt_oss_path: Path, capsys: Captured) -> None:
    assert main(["show", str(gpt_oss_path), "--json"]) == 0
    data = out(capsys)
    assert (data["output_grammar"], data["reasoning"], data["tools"]) == ("harmony", True, ["harmony"])
    assert (data["quantization"], data["context_length"], data["health"]) == ("MXFP4", 4096, "healthy")
    assert "<|call|>" in data["ends_of_turn"]
    assert data["special_tokens"]["eos_token"] == "<|return|>"
    assert data["memory"]["fits"] is True
    assert data["files"][WEIGHTS] == data["weights_bytes"] == (gpt_oss_path / WEIGHTS).stat().st_size
    assert data["config"]["model_type"] == data["model_type"] == "gpt_oss"


def test_show_for_people(qwen3_path: Path, capsys: Captured) -> None:
    assert main(["show", str(qwen3_path)]) == 0
    said = capsys.readouterr().out
    for line in (
        "output grammar  think, with reasoning",
        "context         4,096 tokens",
        "392 kB  model.saf",
    ):
        assert line in said
    assert main(["show", str(qwen3_path), "--template"]) == 0
    assert capsys.readouterr().out.strip() == (qwen3_path / "chat_template.jinja").read_text()


def test_show_of_what_is_not_whole(folder: Path, capsys: Captured) -> None:
    (folder / WEIGHTS).unlink()
    assert main(["show", "./mine"]) == 1
    assert "no weights" in capsys.readouterr().err


def test_a_clone_is_ones_own(hub: Hub, cache: Path, folder: Path, capsys: Captured) -> None:
    hub.add("org/tiny", folder)
    main(["pull", "org/tiny"])
    assert main(["clone", "tiny", "models/copy"]) == 0
    copy = Path("models/copy")
    assert {path.name for path in copy.iterdir()} == {path.name for path in folder.iterdir()}
    assert not any(path.is_symlink() for path in copy.iterdir())
    (copy / "chat_template.jinja").write_text("{{ messages[-1].content }}")
    capsys.readouterr()
    assert main(["run", "./models/copy", "Hi", "--max-tokens", "1", "--json"]) == 0
    assert out(capsys)["usage"]["prompt_tokens"] == len("Hi")
    Path("p.yaml").write_text("mlxk: 1\nmodel: ./models/copy\n")
    assert main(["validate", "p.yaml"]) == 0
    assert main(["clone", "tiny", "models/copy"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["clone", "builtin:demo", "--json"]) == 0
    assert (Path("demo") / WEIGHTS).is_file()


@pytest.fixture
def token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return TOKEN


def test_push_is_private_and_whole(hub: Hub, cache: Path, folder: Path, token: str, capsys: Captured) -> None:
    (folder / ".secret").write_text("not for the hub")
    assert main(["push", "./mine", "me/mine"]) == 0
    said = capsys.readouterr()
    assert "to a new private repository me/mine" in said.err
    repo = hub.repos["me/mine"]
    assert said.out.strip() == f"{hub.url}/me/mine/commit/{repo.commit}"
    assert repo.private
    sent = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".secret"}
    assert repo.files == sent
    assert token not in said.out + said.err
    assert main(["push", "./mine", "me/mine", "--json"]) == 0
    assert out(capsys)["exists"] is True


def test_a_dry_run_sends_nothing(hub: Hub, cache: Path, folder: Path, token: str, capsys: Captured) -> None:
    assert main(["push", "./mine", "me/mine", "--dry-run", "--public", "--json"]) == 0
    data = out(capsys)
    assert (data["private"], data["exists"]) == (False, False)
    assert {"path": WEIGHTS, "size": (folder / WEIGHTS).stat().st_size} in data["files"]
    assert hub.repos == {}
    assert hub.asked("POST", "") == 0


def test_push_refuses(
    hub: Hub, cache: Path, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: str) -> str:
        assert main(["push", *arguments]) in (1, 2)
        return capsys.readouterr().err

    assert "needs a token" in refused("./mine", "me/mine")
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    assert "does not accept your token" in refused("./mine", "me/mine")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.add("me/open", {})
    assert "public already" in refused("./mine", "me/open")
    assert "has no owner" in refused("./mine", "mine")
    (folder / "tokenizer.json").unlink()
    assert "is incomplete: the folder has no tokenizer" in refused("./mine", "me/mine")
    assert hub.created == []


def test_convert_quantises(folder: Path, capsys: Captured) -> None:
    assert main(["convert", "./mine", "small", "--group-size", "32", "--json"]) == 0
    data = out(capsys)
    assert (data["path"], data["quantization"]) == ("small", "4bit")
    made = facts.read(Path("small"))
    assert made.config["quantization"]["group_size"] == 32
    assert made.weights_bytes == data["weights_bytes"] < data["source_weights_bytes"] / 3
    assert main(["health", "./small"]) == 0
    assert main(["convert", "./small", "again"]) == 2
    assert "quantised already (4bit)" in capsys.readouterr().err
    assert not Path("again").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mine"], "is there already"),
        (["new", "--no-quantize"], "nothing to do"),
        (["new", "--dequantize"], "is not quantised"),
        (["new", "--mode", "mxfp4", "--bits", "4"], "bits of mxfp4 are fixed"),
        (["new", "--recipe", "mixed_3_6", "--mode", "mxfp8"], "--recipe chooses"),
        (["new", "--bits", "7"], "bits"),
    ],
)
def test_what_cannot_be_converted(folder: Path, arguments: list[str], said: str, capsys: Captured) -> None:
    assert main(["convert", "./mine", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["mine"]


def test_a_failed_conversion_leaves_nothing(folder: Path, capsys: Captured) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 128}))
    assert main(["convert", "./mine", "new"]) == 1
    said = capsys.readouterr().err
    assert "do not fit its config.json" in said
    assert [path.name for path in Path().iterdir()] == ["mine"]
