"""What a child prints, line by line in this process's log.

It is read to the end whatever comes: a child whose output nobody takes would stand still.
"""

from __future__ import annotations

import asyncio
import logging
import re

logger = logging.getLogger(__name__)

CHUNK = 1 << 16
LONGEST = 1 << 14  # characters of a line; the rest of it becomes further lines
_BREAK = re.compile(rb"[\r\n]+")  # progress bars go back to the line's beginning


async def log(process: asyncio.subprocess.Process) -> None:
    """Until the child's output ends."""
    if process.stdout is None:
        return
    rest = b""
    while data := await process.stdout.read(CHUNK):
        *lines, rest = _BREAK.split(rest + data)
        if len(rest) > LONGEST:
            lines, rest = [*lines, rest], b""
        for line in lines:
            _say(process.pid, line)
    _say(process.pid, rest)


def _say(pid: int, line: bytes) -> None:
    text = line.decode(errors="replace").rstrip()
    for start in range(0, len(text), LONGEST):
        logger.info("[%d] %s", pid, text[start : start + LONGEST])
