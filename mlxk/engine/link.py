"""One end of a socket in a process that is to live no longer than whoever is at the other end.

A thread reads messages; when the socket ends, because the other side closed it, died or is silent for too
long, the whole process exits at once, whatever its main thread is doing: inside MLX nothing else could stop
it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from mlxk.engine.wire import Answer, Command, FrameDecoder, Order, Pulse, Report, encode

logger = logging.getLogger(__name__)

CHUNK = 1 << 20

M = TypeVar("M")


class Link(Generic[M]):
    """Hands messages to `take`, in a thread of its own. `status` is the process's when the socket ends.

    After `patience` seconds of silence the other side counts as dead: then it is to send pulses.
    """

    def __init__(
        self,
        connection: socket.socket,
        decoder: FrameDecoder[M | Pulse],
        take: Callable[[M], None],
        *,
        status: int = 0,
        patience: float | None = None,
    ) -> None:
        connection.settimeout(patience)
        self._connection = connection
        self._decoder = decoder
        self._take = take
        self._status = status
        self._sending = threading.Lock()

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="mlxk-link", daemon=True).start()

    def pulse(self, every: float) -> None:
        """Send a `Pulse` every so many seconds from now on, from a thread that has nothing else to do."""
        threading.Thread(target=self._beat, args=(every,), name="mlxk-pulse", daemon=True).start()

    def _beat(self, every: float) -> None:
        while True:
            self.send(Pulse())
            time.sleep(every)

    def _read(self) -> None:
        try:
            while data := self._connection.recv(CHUNK):
                for message in self._decoder.feed(data):
                    if not isinstance(message, Pulse):
                        self._take(message)
        except TimeoutError:
            logger.warning("the other side has given no sign of life for too long")
        finally:
            os._exit(self._status)

    def send(self, message: Command | Report | Order | Answer | Pulse) -> None:
        """Send a message; several threads may."""
        try:
            with self._sending:
                self._connection.sendall(encode(message))
        except OSError:
            os._exit(self._status)
