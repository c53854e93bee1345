"""A hub of our own for the commands that ask one; commands that are as they were at the start."""

import pytest

from mlxk.cli.config import config
from tests.hub.fixtures import cache, hub

__all__ = ["cache", "hub"]


@pytest.fixture(autouse=True)
def config_keeps_its_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing all commands gives each its line, also the one that is an app and outlives a test's `main`."""
    monkeypatch.setattr(config, "help", config.help)
