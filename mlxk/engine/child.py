"""The engine process: `python -m mlxk.engine.child FD`, started by `ProcessEngine` and by nothing else.

The main thread is the worker. A second thread reads commands from the inherited socket; when the socket
ends, because the front closed it or died, the whole process exits at once, whatever the worker is doing:
inside MLX nothing else could stop it. Whatever is printed here belongs to the log.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
import threading

from mlxk.engine.wire import Inbox, Load, Report, command_decoder, encode

CHUNK = 1 << 20


class _Link:
    """The socket to the front."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._decoder = command_decoder()
        self._inbox: Inbox = queue.SimpleQueue()

    @property
    def inbox(self) -> Inbox:
        return self._inbox

    def read(self) -> None:
        """Commands into the inbox, until the front is gone; does not return."""
        try:
            while data := self._connection.recv(CHUNK):
                for command in self._decoder.feed(data):
                    self._inbox.put(command)
        finally:
            os._exit(0)

    def send(self, report: Report) -> None:
        try:
            self._connection.sendall(encode(report))
        except OSError:
            os._exit(0)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    descriptor, heartbeat = int(sys.argv[1]), float(sys.argv[2])
    os.set_inheritable(descriptor, False)
    link = _Link(socket.socket(fileno=descriptor))
    threading.Thread(target=link.read, name="mlxk-commands", daemon=True).start()
    command = link.inbox.get()
    if not isinstance(command, Load):
        raise SystemExit(f"expected Load, not {command!r}")

    from mlxk.engine.worker import Worker

    Worker(command.config, link.inbox, link.send, heartbeat=heartbeat).run()


if __name__ == "__main__":
    main()
