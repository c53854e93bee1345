"""The engine process: `python -m mlxk.engine.child FD`, started by `ProcessEngine` and by nothing else.

The main thread is the worker, a second one reads commands from the inherited socket (see `link`), a third one
shows that the process runs while the worker is busy for long. Whatever is printed here belongs to the log.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys

from mlxk.engine.link import Link
from mlxk.engine.parent import end_with_parent
from mlxk.engine.wire import Command, Inbox, Load, command_decoder


def main() -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    descriptor, heartbeat = int(sys.argv[1]), float(sys.argv[2])
    os.set_inheritable(descriptor, False)
    inbox: Inbox = queue.SimpleQueue()
    link = Link[Command](socket.socket(fileno=descriptor), command_decoder(), inbox.put)
    link.start()
    link.pulse(heartbeat)
    command = inbox.get()
    if not isinstance(command, Load):
        raise SystemExit(f"expected Load, not {command!r}")

    from mlxk.engine.worker import Worker

    Worker(command.config, inbox, link.send, heartbeat=heartbeat).run()


if __name__ == "__main__":
    main()
