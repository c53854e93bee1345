"""One rank of a group: `python -m mlxk.engine.rank`, started by `mlx.launch` for a `GroupEngine`.

Who is in the group comes as the first line of standard input, which `mlx.launch` gives to every rank. The
first rank is the worker that a front speaks to; the others do what it does. Each ends when the one that it is
connected to is gone, so none outlives the front or the group.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
import time

import msgspec

from mlxk.engine.launch import Summons
from mlxk.engine.leader import Leader
from mlxk.engine.link import Link
from mlxk.engine.wire import Command, Failure, Hello, Inbox, Load, Order, command_decoder, order_decoder
from mlxk.errors import MlxkError

CONNECT_SECONDS = 60.0
RETRY_SECONDS = 0.05


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    summons = msgspec.json.decode(sys.stdin.buffer.readline(), type=Summons)
    _close_input()
    rank = int(os.environ["MLX_RANK"])  # how the launcher tells each, and MLX itself reads it there
    if rank == 0:
        _lead(summons)
    else:
        _follow(summons, rank)
    # Whatever the reason, a group that lacks a rank has to end: this is how the launcher knows.
    sys.exit(1)


def _close_input() -> None:
    """The launcher looks without pause whether it can write to a rank, until it finds that nobody reads."""
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)


def _lead(summons: Summons) -> None:
    connection = _connected(summons.front)
    connection.sendall(summons.token.encode())
    inbox: Inbox = queue.SimpleQueue()
    front = Link[Command](connection, command_decoder(), inbox.put, status=1)
    front.start()
    front.pulse(summons.heartbeat)
    command = inbox.get()
    if not isinstance(command, Load):
        raise SystemExit(f"expected Load, not {command!r}")
    # Before others wait for a sign of life: it takes long, under the interpreter's lock.
    from mlxk.engine.worker import Worker

    leader = Leader(front.send)
    try:
        with socket.create_server(summons.leader) as door:
            leader.gather(door, command.config, summons)
    except MlxkError as error:
        front.send(Failure.of(error))
        return
    Worker(command.config, inbox, front.send, heartbeat=summons.heartbeat, leader=leader).run()


def _follow(summons: Summons, rank: int) -> None:
    # Before anybody waits for a sign of life: it takes long, under the interpreter's lock.
    from mlxk.engine.follower import follow

    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    connection = _connected(summons.leader)
    link = Link[Order](connection, order_decoder(), orders.put, status=1, patience=summons.freeze)
    link.start()
    link.send(Hello(rank, summons.token))
    link.pulse(summons.heartbeat)
    order = orders.get()
    if not isinstance(order, Load):
        raise SystemExit(f"expected Load, not {order!r}")
    follow(orders, order.config, link.send)


def _connected(address: tuple[str, int]) -> socket.socket:
    """To a rank or a front that may not listen yet."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            connection = socket.create_connection(address, timeout=CONNECT_SECONDS)
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"cannot connect to {address[0]}:{address[1]}: {error}") from error
            time.sleep(RETRY_SECONDS)
        else:
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection


if __name__ == "__main__":
    main()
