"""`mlxk lock` and `--locked`: what is pinned, what drift looks like, what cannot be used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mlxk.cli import main
from mlxk.hub import facts
from mlxk.hub.lock import pin
from tests.models import make_adapter

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def work(home: Path, monkeypatch: pytest.MonkeyPatch, qwen3_path: Path) -> Path:
    """A project with one profile, of a model in a folder beside it."""
    folder = home / "work"
    shutil.copytree(qwen3_path, folder / "weights")
    (folder / "profiles").mkdir()
    (folder / "mlxk.yaml").write_text("mlxk: 1\n")
    (folder / "profiles" / "mine.yaml").write_text("mlxk: 1\nmodel: ../weights\n")
    monkeypatch.chdir(folder / "profiles")
    return folder


def run_locked(capsys: Captured, *more: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main(["run", "-p", "mine", "--locked", "-q", "--max-tokens", "1", *more, "Hi"])
    return status, capsys.readouterr().err


def test_it_pins_and_a_locked_run_works(work: Path, capsys: Captured) -> None:
    assert main(["lock"]) == 0
    assert capsys.readouterr().out == "../mlxk.lock: 1 model pinned\n"
    data = json.loads((work / "mlxk.lock").read_text())
    assert (data["mlxk.lock"], data["templates"]) == (1, {})
    pin = data["models"]["weights"]
    assert pin["commit"] is None
    assert pin["chat_template"].startswith("sha256:")
    assert pin["files"]["config.json"].startswith("sha256:")
    size = (work / "weights" / "model.safetensors").stat().st_size
    assert pin["files"]["model.safetensors"].startswith(f"{size} bytes, header sha256:")
    # Nothing of this machine is in a file that is checked in.
    assert str(work) not in (work / "mlxk.lock").read_text()
    assert run_locked(capsys) == (0, "")


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("config.json", "rewrite", "weights: config.json differs"),
        ("generation_config.json", "remove", "weights: generation_config.json is missing"),
        ("vocab.txt", "create", "weights: vocab.txt is new"),
    ],
)
def test_drift_is_refused_by_name(work: Path, capsys: Captured, file: str, change: str, said: str) -> None:
    main(["lock"])
    path = work / "weights" / file
    if change == "rewrite":
        path.write_text(json.dumps({**json.loads(path.read_text()), "note": 1}))
    elif change == "remove":
        path.unlink()
    else:
        path.write_text("new")
    status, err = run_locked(capsys)
    assert status == 1
    assert said in err
    assert "mlxk lock" in err
    assert main(["lock"]) == 0
    assert run_locked(capsys)[0] == 0


def test_up_refuses_drift_too(work: Path, capsys: Captured) -> None:
    main(["lock"])
    (work / "weights" / "extra.json").write_text("{}")
    assert main(["up", "mine", "--locked", "--listen", "127.0.0.1:0"]) == 1
    assert "weights: extra.json is new" in capsys.readouterr().err


def test_a_template_of_the_profile_is_pinned(work: Path, capsys: Captured) -> None:
    template = work / "chat.jinja"
    template.write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    (work / "profiles" / "mine.yaml").write_text(
        "mlxk: 1\nmodel: {path: ../weights, chat_template: ../chat.jinja}\n"
    )
    main(["lock"])
    assert list(json.loads((work / "mlxk.lock").read_text())["templates"]) == ["chat.jinja"]
    template.write_text("{{ messages[-1].content }}")
    status, err = run_locked(capsys)
    assert (status, "chat.jinja differs" in err) == (1, True)


def test_named_profiles_are_added(work: Path, capsys: Captured) -> None:
    main(["lock"])
    assert main(["lock", "demo"]) == 0
    assert set(json.loads((work / "mlxk.lock").read_text())["models"]) == {"weights", "builtin:demo"}
    assert main(["lock"]) == 0
    assert set(json.loads((work / "mlxk.lock").read_text())["models"]) == {"weights"}


def test_every_model_of_a_server_is_pinned(work: Path, capsys: Captured) -> None:
    (work / "profiles" / "mine.yaml").write_text(
        "mlxk: 1\nmodels:\n  one: {model: builtin:demo}\n  two: {model: ../weights}\n"
    )
    assert main(["lock"]) == 0
    assert set(json.loads((work / "mlxk.lock").read_text())["models"]) == {"weights", "builtin:demo"}
    (work / "weights" / "extra.json").write_text("{}")
    assert main(["up", "mine", "--locked", "--listen", "127.0.0.1:0"]) == 1
    assert "weights: extra.json is new" in capsys.readouterr().err


def test_what_is_not_locked_is_refused(work: Path, capsys: Captured) -> None:
    status, err = run_locked(capsys)
    assert (status, "there is no ../mlxk.lock" in err) == (1, True)
    main(["lock", "demo"])
    status, err = run_locked(capsys)
    assert (status, "weights is not locked" in err) == (1, True)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"mlxk.lock": 2}', '{"mlxk.lock": 1, "models": 3}'])
def test_a_broken_lock(work: Path, capsys: Captured, text: str) -> None:
    (work / "mlxk.lock").write_text(text)
    status, err = run_locked(capsys)
    assert status == 1
    assert err.startswith("error: mlxk.lock ")
    assert "mlxk lock" in err


def test_a_project_without_profiles(work: Path, capsys: Captured) -> None:
    (work / "profiles" / "mine.yaml").unlink()
    assert main(["lock"]) == 2
    assert "no profiles to lock" in capsys.readouterr().err


def test_a_model_from_the_hub_is_pinned_by_its_commit(tmp_path: Path, qwen3_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "models--org--tiny" / "snapshots" / commit
    shutil.copytree(qwen3_path, folder)
    assert pin(facts.read(folder, "org/tiny")).commit == commit
    assert pin(facts.read(qwen3_path)).commit is None


def test_what_stands_beside_the_model_is_pinned_too(work: Path, capsys: Captured) -> None:
    make_adapter(work / "tuned", work / "weights")
    shutil.copytree(work / "weights", work / "small")
    shutil.copytree(work / "weights", work / "words")
    (work / "profiles" / "mine.yaml").write_text(
        "mlxk: 1\n"
        "model: {path: ../weights, adapter: ../tuned, tokenizer: ../words, draft: {path: ../small}}\n"
    )
    assert main(["lock"]) == 0
    data = json.loads((work / "mlxk.lock").read_text())
    assert set(data["models"]) == {"weights", "small"}
    assert {"tuned/adapters.safetensors", "tuned/adapter_config.json"} <= set(data["templates"])
    assert "words/tokenizer.json" in data["templates"]
    assert run_locked(capsys)[0] == 0
    make_adapter(work / "tuned", work / "weights", seed=9)
    status, said = run_locked(capsys)
    assert status == 1
    assert "tuned/adapters.safetensors differs" in said
    shutil.rmtree(work / "small")
    shutil.copytree(work / "weights", work / "small")
    (work / "small" / "tokenizer_config.json").write_text("{}")
    assert "small: tokenizer_config.json differs" in run_locked(capsys)[1]
