"""How much memory this machine has for models, read without MLX.

Linux: what the kernel calls available, within the limits of the control groups that this process is in. With
MLX's build for CUDA: the memory of the first graphics card that this process may use.
macOS: unified memory, and the part of it that Metal recommends as working set, which is what the system
setting `iogpu.wired_limit_mb` says, or else two thirds up to 36 GB and three quarters above.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LARGE_MAC = 36 << 30
_CUDA_BUILDS = ("mlx-cuda-13", "mlx-cuda-12")
_PLAIN = "--format=csv,noheader,nounits"  # in MiB
_CARD_SECONDS = 5.0
_UNLIMITED = 1 << 60  # control groups of version 1 say "no limit" with a number of this size


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes. `usable` is what models may take now; `fused_attention` as `need` uses it."""

    total: int
    usable: int
    fused_attention: bool = False


def machine() -> Machine:
    """This machine."""
    if sys.platform == "darwin":
        return _mac()
    return graphics_card() or linux()


def _mac() -> Machine:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    setting = subprocess.run(
        ["/usr/sbin/sysctl", "-n", "iogpu.wired_limit_mb"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return mac_of(total, int(setting) << 20 if setting.isdigit() else 0)


def mac_of(total: int, wired_limit: int) -> Machine:
    """A Mac with so many bytes; a `wired_limit` of 0 is the system's own choice."""
    recommended = total * 3 // 4 if total > _LARGE_MAC else total * 2 // 3
    return Machine(total, wired_limit or recommended, fused_attention=True)


def graphics_card() -> Machine | None:
    """The graphics card that MLX uses; `None` without one, or where it shares the machine's memory."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip()
    if not any(_installed(name) for name in _CUDA_BUILDS) or visible in ("", "-1"):
        return None
    command = ("nvidia-smi", "-i", visible, "--query-gpu=memory.total,memory.free", _PLAIN)
    try:
        said = subprocess.run(  # noqa: S603 - no shell; the card is a number or a name
            command, capture_output=True, text=True, check=True, timeout=_CARD_SECONDS
        ).stdout
        total, free = (int(part) << 20 for part in said.split(","))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Machine(total, free)


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def linux(root: Path = Path("/")) -> Machine:
    """A machine without one. `root` is where the pseudo file systems are."""
    lines = re.findall(r"^(\w+):\s+(\d+) kB", (root / "proc/meminfo").read_text(), re.MULTILINE)
    said = {name: int(size) << 10 for name, size in lines}
    total, usable = said["MemTotal"], said["MemAvailable"]
    for limit, used in _groups(root):
        total, usable = min(total, limit), min(usable, max(limit - used, 0))
    return Machine(total, usable)


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """Limit and use of each control group with a limit that this process is in; page cache is not use."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if controllers else _V2
        group = Path(path.lstrip("/"))
        for folder in (group, *group.parents):
            limit, used = (_number(base / folder / name) for name in names)
            if limit is not None and limit < _UNLIMITED:
                yield limit, (used or 0) - _page_cache(base / folder)


_V2 = ("memory.max", "memory.current")


def _number(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _page_cache(folder: Path) -> int:
    """What of a group's use the kernel gives back when it is short."""
    try:
        text = (folder / "memory.stat").read_text()
    except OSError:
        return 0
    found = re.search(r"^(?:total_)?inactive_file (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0
