"""The first rank's connections to the others: it tells them what each step is to do.

They go over sockets of their own. MLX's collectives would do, too, but a rank that waits in one computes all
the time, and so would an idle group.
"""

from __future__ import annotations

import hmac
import os
import socket
import time
from collections.abc import Callable

from mlxk.engine.base import EngineConfig
from mlxk.engine.launch import Summons
from mlxk.engine.link import CHUNK, Link
from mlxk.engine.wire import Answer, Failure, Hello, Load, Turn, answer_decoder
from mlxk.errors import EngineUnavailable

GATHER_SECONDS = 60.0
HELLO_SECONDS = 5.0


class Leader:
    """`report` hears why another rank cannot load its part; then, or when one is gone, this process ends."""

    def __init__(self, report: Callable[[Failure], None]) -> None:
        self._report = report
        self._links: dict[int, Link[Answer]] = {}

    def gather(self, door: socket.socket, config: EngineConfig, summons: Summons) -> None:
        """Wait for the others at `door`, and tell them what to load; raises `EngineUnavailable`."""
        deadline, size = time.monotonic() + GATHER_SECONDS, summons.size
        while len(self._links) < size - 1:
            door.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                connection, _ = door.accept()
            except TimeoutError as error:
                raise EngineUnavailable(
                    f"{size - 1 - len(self._links)} of {size} ranks did not come up in "
                    f"{GATHER_SECONDS:.0f} s",
                    hint="every host must be reachable by ssh without a password, and have mlxk installed at "
                    "the same place or at `engine.distributed.python`; the log has more",
                ) from error
            rank = _introduced(connection, summons.token)
            if rank is None or rank in self._links:
                connection.close()
                continue
            link = Link[Answer](connection, answer_decoder(), self._hear, status=1, patience=summons.freeze)
            link.start()
            link.pulse(summons.heartbeat)
            self._links[rank] = link
        for link in self._links.values():
            link.send(Load(config))

    def tell(self, turn: Turn) -> None:
        for link in self._links.values():
            link.send(turn)

    def _hear(self, answer: Answer) -> None:
        if isinstance(answer, Failure):
            self._report(answer)
            os._exit(1)


def _introduced(connection: socket.socket, token: str) -> int | None:
    """Which rank this is, if it is one of this group."""
    connection.settimeout(HELLO_SECONDS)
    decoder = answer_decoder()
    try:
        while data := connection.recv(CHUNK):
            for answer in decoder.feed(data):
                connection.settimeout(None)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                known = isinstance(answer, Hello) and hmac.compare_digest(answer.token, token)
                return answer.rank if isinstance(answer, Hello) and known else None
    except OSError:
        return None  # a stranger
    return None
