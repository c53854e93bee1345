"""What a child prints is read to the end, whatever it is."""

from __future__ import annotations

import asyncio
import sys

import pytest

from mlxk.engine.printed import LONGEST, log

PRINTS = r"""
import sys
sys.stdout.write("a line\n  and another  \r\n\n")
sys.stdout.write("".join(f"\r{part}%" for part in range(3)) + "\n")
sys.stdout.write("x" * int(sys.argv[1]) + "\n")
sys.stdout.flush()
sys.stdout.buffer.write(b"\xff and no end")
"""


async def test_lines_of_any_kind_and_length(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="mlxk.engine.printed")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PRINTS, str(300_000)), stdout=asyncio.subprocess.PIPE
    )
    await log(process)
    assert await process.wait() == 0
    said = [message.removeprefix(f"[{process.pid}] ") for message in caplog.messages]
    assert said[:5] == ["a line", "  and another", "0%", "1%", "2%"]
    assert "".join(said[5:-1]) == "x" * 300_000
    assert max(map(len, said)) <= LONGEST
    assert said[-1] == "\ufffd and no end"
