"""What the machine has, read from the files that Linux tells it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxk.memory import show
from mlxk.memory.machine import graphics_card, linux, mac_of, machine

GIB = 1 << 30
MEMINFO = "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text(MEMINFO)
    return tmp_path


def group(root: Path, path: str, **files: str) -> None:
    folder = root / "sys/fs/cgroup" / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_this_machine() -> None:
    here = machine()
    assert 0 < here.usable <= here.total


def test_a_machine_without_groups(root: Path) -> None:
    assert (linux(root).total, linux(root).usable) == (16 * GIB, 8 * GIB)


def test_a_container(root: Path) -> None:
    (root / "proc/self/cgroup").write_text("0::/pod/box\n")
    group(root, "pod/box", memory__max="max", memory__current=str(GIB))
    group(
        root,
        "pod",
        memory__max=str(6 * GIB),
        memory__current=str(4 * GIB),
        memory__stat=f"anon 5\ninactive_file {GIB}",
    )
    assert (linux(root).total, linux(root).usable) == (6 * GIB, 3 * GIB)


def test_groups_of_the_first_version(root: Path) -> None:
    (root / "proc/self/cgroup").write_text("4:cpu,cpuacct:/box\n3:memory:/box\n")
    group(root, "memory/box", memory__limit_in_bytes=str(2 * GIB), memory__usage_in_bytes=str(3 * GIB))
    group(root, "memory", memory__limit_in_bytes=str((1 << 63) - 4096))
    assert (linux(root).total, linux(root).usable) == (2 * GIB, 0)


def test_macs() -> None:
    assert [mac_of(size * GIB, 0).usable for size in (36, 64)] == [24 * GIB, 48 * GIB]
    assert mac_of(64 * GIB, 60 * GIB).usable == 60 * GIB


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (17_180_000_000, "17.2 GB"), (240 * 10**9, "240 GB")],
)
def test_sizes(size: int, shown: str) -> None:
    assert show(size) == shown


@pytest.mark.parametrize(
    ("prints", "visible", "expected"),
    [
        ("143771, 140000", None, (143771 << 20, 140000 << 20)),
        ("143771, 140000", "2,3", (143771 << 20, 140000 << 20)),
        ("143771, 140000", "-1", None),
        ("143771, 140000", "", None),
        ("[N/A], [N/A]", None, None),
    ],
)
def test_a_graphics_card(
    prints: str,
    visible: str | None,
    expected: tuple[int, int] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With MLX's build for CUDA; a script stands for the driver's tool."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho "{prints}"\n')
    tool.chmod(0o755)
    (tmp_path / "mlx_cuda_13-1.dist-info").mkdir()
    (tmp_path / "mlx_cuda_13-1.dist-info" / "METADATA").write_text("Name: mlx-cuda-13\nVersion: 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    without = graphics_card()
    monkeypatch.syspath_prepend(str(tmp_path))
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = graphics_card()
    assert without is None
    assert (None if found is None else (found.total, found.usable)) == expected
    if expected is not None:
        assert (tmp_path / "asked").read_text().startswith(f"-i {(visible or '0')[0]} --query-gpu")
