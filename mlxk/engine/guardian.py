"""Starts a group's launcher and ends it with the front: `python guardian.py FOLDER COMMAND…`.

Neither `mlx.launch` nor a rank that is still starting notices that the front is gone. This process does: its
standard input, which it hands on to the launcher, ends. Then it removes the launcher's files and kills its
own process group. It is run as a file and imports nothing of this package, to be there at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading

CHUNK = 1 << 12


def main() -> None:
    folder, *command = sys.argv[1:]
    launcher = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - the front says what to run
    threading.Thread(target=_follow, args=(launcher,), daemon=True).start()
    while data := os.read(sys.stdin.fileno(), CHUNK):
        _hand_on(launcher, data)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _follow(launcher: subprocess.Popen[bytes]) -> None:
    """End as the launcher ends."""
    code = launcher.wait()
    os._exit(code if code >= 0 else 128 - code)


def _hand_on(launcher: subprocess.Popen[bytes], data: bytes) -> None:
    if launcher.stdin is None:
        return
    try:
        launcher.stdin.write(data)
        launcher.stdin.flush()
    except BrokenPipeError:
        pass  # it is about to end, and so is this process


if __name__ == "__main__":
    main()
