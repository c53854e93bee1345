"""Whether the hub may be asked, here and in child processes: `HF_HUB_OFFLINE`, and `--offline`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def is_offline() -> bool:
    """Whether something forbids asking the hub."""
    from huggingface_hub import is_offline_mode

    return is_offline_mode()


@contextmanager
def offline(wanted: bool = True) -> Iterator[None]:
    """Within it nothing in this process asks the hub, libraries and trusted code of models included."""
    if not wanted:
        yield
        return
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True  # The library looks there before every request.
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def environment() -> dict[str, str]:
    """What a child process is started with, so that it asks no more than this one."""
    return {**os.environ, **({"HF_HUB_OFFLINE": "1"} if is_offline() else {})}
