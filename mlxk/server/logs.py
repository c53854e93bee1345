"""The server's log on stderr: one line per record, for people or for programs.

Lines leave through a thread of their own: a terminal or a pipe that nobody reads must not stop the event
loop. Where too many wait, new ones are dropped, and the log says how many when it can speak again.
"""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import TextIO

from mlxk.config.schema import LogSection

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

# Records that may wait for whoever reads the log.
_WAITING = 10_000


class JsonFormatter(logging.Formatter):
    """One JSON object per line; a record's `fields` (see `mlxk.server.record`) stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


class _Bounded(QueueHandler):
    """Never waits for room: what finds none is counted."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord]) -> None:
        super().__init__(waiting)
        self._dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Left as it is: the listener is in this process and formats it there."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self._dropped:
                self.queue.put_nowait(_told(self._dropped))
                self._dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self._dropped += 1


def _is_ours(record: logging.LogRecord) -> bool:
    """Libraries tell of their every step at the level at which we tell of requests: that is for debugging."""
    ours = record.name.partition(".")[0] == "mlxk"
    return ours or record.levelno >= logging.WARNING or logging.getLogger().isEnabledFor(logging.DEBUG)


def _told(dropped: int) -> logging.LogRecord:
    message = f"{dropped} lines were dropped: the log was not read"
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, None, None)


class Log:
    """Where the root logger writes; its form may change while it does."""

    def __init__(self, writer: logging.Handler) -> None:
        self._writer = writer

    def apply(self, section: LogSection) -> None:
        self._writer.setFormatter(JsonFormatter() if section.format == "json" else logging.Formatter(TEXT))
        logging.getLogger().setLevel(section.level.upper())


@contextmanager
def logging_to(stream: TextIO, section: LogSection) -> Iterator[Log]:
    """The root logger writes there until the block ends."""
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_WAITING)
    writer = logging.StreamHandler(stream)
    listener = QueueListener(waiting, writer)
    handler, root = _Bounded(waiting), logging.getLogger()
    handler.addFilter(_is_ours)
    before = root.level
    log = Log(writer)
    log.apply(section)
    root.addHandler(handler)
    listener.start()
    try:
        yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        listener.stop()
