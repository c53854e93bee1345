"""Paths in settings are taken from the folder of the file that says them, wherever in it they stand."""

from __future__ import annotations

from pathlib import Path

from mlxk.config import resolve
from mlxk.config.models import resolve_models


def test_an_override_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "chat.jinja").write_text("x")
    (tmp_path / "mlxk.yaml").write_text(
        "mlxk: 1\noverrides: {'org/*': {model: {chat_template: ./chat.jinja}}}\n"
    )
    (tmp_path / ".git").mkdir()
    below = tmp_path / "below"
    below.mkdir()
    (below / "p.yaml").write_text("mlxk: 1\nmodel: org/name\n")
    model = resolve("./p.yaml", cwd=below, environ={}).profile.model
    assert model.chat_template == str(tmp_path / "chat.jinja")


def test_the_environment_and_the_command_line_mean_the_working_folder(tmp_path: Path) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text("mlxk: 1\nmodel: org/name\n")
    work = tmp_path / "work"
    work.mkdir()
    for given in (
        {"sets": ["server.listen=unix:a.sock"]},
        {"environ": {"MLXK_SERVER__LISTEN": "unix:a.sock"}},
    ):
        arguments = {"environ": {}, **given}
        server = resolve(profile, cwd=work, isolated=True, **arguments).profile.server  # type: ignore[arg-type]
        assert server.listen == f"unix:{work}/a.sock"


def test_what_all_models_of_a_file_share(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "p.yaml").write_text(
        "mlxk: 1\ndefaults: {engine: {prompt_cache: {path: ./cache}}}\n"
        "models: {one: {model: org/one}, two: {model: org/two, engine: {prompt_cache: {path: ../two}}}}\n"
    )
    whole = resolve("./below/p.yaml", cwd=tmp_path, environ={})
    models = resolve_models(whole, cwd=tmp_path, environ={})
    paths = {name: item.profile.engine.prompt_cache.path for name, item in models.items()}
    assert paths == {"one": f"{below}/cache", "two": f"{tmp_path}/two"}
