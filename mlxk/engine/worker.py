"""The loop that loads, generates, caches and frees: everything that touches MLX happens in the one thread
that calls `run`.

Commands come in through a queue, which is emptied before every step; reports go out through `report`, one
for each step.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import mlx.core as mx

from mlxk.engine.assembly import assemble
from mlxk.engine.base import EngineConfig, EngineStats, EngineStep
from mlxk.engine.constraint import Compiler
from mlxk.engine.device import on_device
from mlxk.engine.leader import Leader
from mlxk.engine.scheduler import Output, Scheduler
from mlxk.engine.wire import (
    Cancel,
    Close,
    Decisions,
    Failure,
    Inbox,
    Limit,
    Ready,
    Report,
    Steps,
    Submit,
    Turn,
    Wake,
)
from mlxk.errors import MlxkError

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 4.0  # a closing engine begins to write no further prompt cache after this time


class Worker:
    """`None` in the inbox ends the loop. An idle worker reports every `heartbeat` seconds, if that is set.

    With a `leader`, the other ranks of a group take the same steps.
    """

    def __init__(
        self,
        config: EngineConfig,
        inbox: Inbox,
        report: Callable[[Report], None],
        *,
        heartbeat: float | None = None,
        leader: Leader | None = None,
    ) -> None:
        self._config = config
        self._leader = leader
        self._taken: list[Submit | Cancel] = []
        self._inbox = inbox
        self._report = report
        self._heartbeat = heartbeat
        self._busy_until = time.monotonic()

    def run(self) -> None:
        """Load, report `Ready` or a `Failure`, generate until told to end, and give all memory back."""
        with on_device():
            self._serve()

    def _serve(self) -> None:
        path, began = Path(self._config.model_path), time.monotonic()
        with closing(
            Compiler(Path(self._config.tokenizer_path or path), lambda: self._inbox.put(Wake()))
        ) as compiler:
            prepared = compiler.prepare() if self._config.prepare_constraints else None
            try:
                scheduler = Scheduler(assemble(self._config), self._config, compiler)
            except MlxkError as error:
                self._report(Failure.of(error))
                return
            if prepared is not None:
                prepared.result()
            self._generate(scheduler, path, began)

    def _generate(self, scheduler: Scheduler, path: Path, began: float) -> None:
        logger.info("%s is loaded after %.2f s", path.name, time.monotonic() - began)
        self._report(Ready(_stats(scheduler)))
        try:
            while self._take(scheduler):
                outputs = scheduler.step(self._decided(scheduler))
                # The first step of a prompt that is in its cache draws a token, and has none to tell.
                if outputs or not scheduler.running:
                    self._report(Steps(tuple(_item(output) for output in outputs), _stats(scheduler)))
            end = time.monotonic() + CLOSE_SECONDS
            while scheduler.prompts.unwritten and time.monotonic() < end:
                scheduler.prompts.write_newest()
        finally:
            scheduler.close()

    def _decided(self, scheduler: Scheduler) -> Decisions:
        """What the next step is to do, told to the other ranks too."""
        decisions = scheduler.decide()
        if self._leader is not None:
            self._leader.tell(Turn(tuple(self._taken), decisions))
        self._taken.clear()
        return decisions

    def _take(self, scheduler: Scheduler) -> bool:
        """Carry out what is in the inbox, waiting for it when there is nothing else to do."""
        wait = scheduler.idle
        if not wait:
            self._busy_until = time.monotonic()
        while True:
            try:
                command = self._inbox.get(block=wait, timeout=self._patience(scheduler))
            except queue.Empty:
                if wait and self._time_to_write(scheduler) == 0:
                    scheduler.prompts.write_newest()
                return True
            wait = False
            match command:
                case None | Close():
                    return False
                case Wake():
                    pass  # a step will find what was compiled
                case Limit(most):
                    scheduler.limit(most)
                case Submit() | Cancel():
                    scheduler.apply(command)
                    self._taken.append(command)

    def _patience(self, scheduler: Scheduler) -> float | None:
        """Seconds to wait for a command: until the next sign of life, or until it is time to write."""
        waits = (self._heartbeat, self._time_to_write(scheduler))
        return min((seconds for seconds in waits if seconds is not None), default=None)

    def _time_to_write(self, scheduler: Scheduler) -> float | None:
        """Seconds until an idle engine writes one of its prompt caches; then it looks for commands again."""
        folder = self._config.prompt_folder
        if folder is None or not scheduler.prompts.unwritten:
            return None
        return max(self._busy_until + folder.idle_seconds - time.monotonic(), 0.0)


def _item(output: Output) -> tuple[int, EngineStep | Failure]:
    key, step = output
    return key, Failure.of(step) if isinstance(step, MlxkError) else step


def _stats(scheduler: Scheduler) -> EngineStats:
    return EngineStats(
        state="ready",
        running=scheduler.running,
        waiting=scheduler.waiting,
        active_bytes=mx.get_active_memory(),
        peak_bytes=scheduler.peak_bytes,
        cache_bytes=scheduler.cache_bytes,
    )
