"""A rank that is not the first: it takes the first one's steps."""

from __future__ import annotations

import logging
import queue
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from mlxk.engine.assembly import assemble
from mlxk.engine.base import EngineConfig
from mlxk.engine.constraint import Compiler
from mlxk.engine.device import on_device
from mlxk.engine.scheduler import Scheduler
from mlxk.engine.wire import Answer, Failure, Load, Order
from mlxk.errors import MlxkError, ModelError
from mlxk.hub.cache import in_this_cache

logger = logging.getLogger(__name__)


def follow(orders: queue.SimpleQueue[Order], config: EngineConfig, answer: Callable[[Answer], None]) -> None:
    """Load a part, and step as told; returns only when the part cannot be loaded, which is answered."""
    with on_device():
        try:
            here = localized(config)
            tokenizer = Path(here.tokenizer_path or here.model_path)
            with closing(Compiler(tokenizer, lambda: None)) as compiler:
                _step(Scheduler(assemble(here), here, compiler), orders)
        except MlxkError as error:
            logger.error("%s", error)
            answer(Failure.of(error))


def _step(scheduler: Scheduler, orders: queue.SimpleQueue[Order]) -> None:
    while not isinstance(turn := orders.get(), Load):
        for command in turn.commands:
            scheduler.apply(command)
        scheduler.step(turn.decisions)


def localized(config: EngineConfig) -> EngineConfig:
    """The same folders on this machine; raises `ModelError` for one that is not here."""
    paths = {
        name: _here(path)
        for name in ("model_path", "tokenizer_path")
        if (path := getattr(config, name)) is not None
    }
    return msgspec.structs.replace(config, **paths)


def _here(path: str) -> str:
    """The folder at the same place, or at the same place in this machine's Hugging Face cache."""
    folder = Path(path)
    if folder.is_dir():
        return path
    if (cached := in_this_cache(folder)) is not None:
        return str(cached)
    raise ModelError(
        f"{folder.name} is not on {socket.gethostname()}",
        hint="every host of `engine.distributed.hosts` needs the model: pull it there too",
    )
