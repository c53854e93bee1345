"""What follows the files of a running server: it outlives whatever reading them does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from mlxk.cli.hang_up import HangUp
from mlxk.cli.loading import resolve_profile
from mlxk.cli.memory import limit_of
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.cli.reload import Reloader
from mlxk.cli.serving import Configuration
from mlxk.config.schema import MemorySection
from mlxk.errors import EngineError
from mlxk.memory import Machine
from mlxk.server.pool import Pool

HERE = Machine(total=20 << 30, usable=10 << 30)


def configuration() -> Configuration:
    options = ProfileOptions(profile="demo", isolated=True)
    return Configuration.of(resolve_profile(options, GenerationOptions()), isolated=True, here=HERE)


async def test_it_goes_on_after_an_error_that_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    current = configuration()
    answers: list[Any] = [ValueError("out of the blue"), current]

    def read() -> Configuration:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    unused: Any = None
    reloader = Reloader(current, read, Pool(), unused, unused, unused, HangUp())
    running = asyncio.create_task(reloader.run())
    with pytest.raises(EngineError, match="could not be read anew: out of the blue"):
        await reloader.ask()
    assert "Traceback" in "".join(record.exc_text or "" for record in caplog.records)
    assert (await reloader.ask())["config_hash"] == current.config_hash
    running.cancel()
    await asyncio.wait([running])


async def test_folders_that_cannot_be_watched_are_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(*folders: object, **options: object) -> Any:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("mlxk.cli.reload.awatch", no_more)
    current = configuration()
    unused: Any = None
    reloader = Reloader(current, lambda: current, Pool(), unused, unused, unused, HangUp())
    running = asyncio.create_task(reloader.run())
    assert (await reloader.ask())["changes"] == []
    running.cancel()
    await asyncio.wait([running])
    (told,) = {record.message for record in caplog.records if record.levelno == logging.WARNING}
    assert "SIGHUP and /admin/reload still work" in told


def test_what_a_server_takes_itself_is_not_lost_to_it() -> None:
    """The machine is looked at once, before anything is loaded; a budget of the profile needs it no more."""
    assert limit_of(MemorySection(), HERE).bytes == HERE.usable
    assert configuration().budget == HERE.usable
    assert limit_of(MemorySection(budget="50%"), HERE).bytes == HERE.total // 2
    assert limit_of(MemorySection(budget="3GiB"), HERE).bytes == 3 << 30
