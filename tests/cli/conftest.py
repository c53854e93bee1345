"""A home and a hub of our own for commands, which are as they were at the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlxk.cli.config import config
from tests.hub.fixtures import cache, hub

__all__ = ["cache", "hub"]


@pytest.fixture(autouse=True)
def config_keeps_its_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing all commands gives each its line, also the one that is an app and outlives a test's `main`."""
    monkeypatch.setattr(config, "help", config.help)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything of mlxk's, and an environment without its settings."""
    for name in [name for name in os.environ if name.startswith("MLXK_")]:
        monkeypatch.delenv(name)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def work(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    folder = home / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
