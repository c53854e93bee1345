"""The short way to mlx-lm leads to the same code; each case in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(code: str, *arguments: str, **environment: str) -> str:
    """The output of `code` in a fresh interpreter."""
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def test_only_what_an_engine_needs_is_imported() -> None:
    run("""
import sys
from mlxk.engine import upstream
utils = upstream.prepare()
import mlx_lm.models.cache, mlx_lm.sample_utils
assert "transformers" not in sys.modules
assert "mlx_lm.tokenizer_utils" not in sys.modules
assert upstream.prepare() is utils
""")


def test_the_whole_package_is_there_for_who_asks() -> None:
    run("""
from mlxk.engine import upstream
utils = upstream.prepare()
import mlx_lm
from mlx_lm import load, generate, stream_generate
import mlx_lm.tokenizer_utils
assert load is utils.load and mlx_lm.utils is utils
assert mlx_lm.__version__
assert generate.__module__ == "mlx_lm.generate"
assert mlx_lm.tokenizer_utils.TokenizerWrapper.__module__ == "mlx_lm.tokenizer_utils"
try:
    mlx_lm.nonsense
except AttributeError:
    pass
else:
    raise SystemExit("no such name")
""")


def test_models_are_the_same_either_way(qwen3_path: Path) -> None:
    code = """
import sys
from pathlib import Path
if sys.argv[2] == "short":
    from mlxk.engine import upstream
    utils = upstream.prepare()
else:
    import mlx_lm.utils as utils
import mlx.core as mx
model, config = utils.load_model(Path(sys.argv[1]))
print(type(model).__module__, type(model).__qualname__, sorted(config))
print(model(mx.array([[1, 2, 3]])).sum().item())
model, tokenizer = utils.load(sys.argv[1])
print(type(tokenizer).__module__, type(tokenizer).__qualname__, tokenizer.encode("hello"))
"""
    assert run(code, str(qwen3_path), "short") == run(code, str(qwen3_path), "plain")


def test_if_the_short_way_is_closed_the_plain_one_is_taken() -> None:
    run("""
import sys
from mlxk.engine import upstream
def closed(spec):
    sys.modules["mlx_lm"] = object()
    raise ImportError("closed")
upstream._short = closed
utils = upstream.prepare()
assert "transformers" in sys.modules
assert utils.load_model
""")


def test_importing_the_engine_imports_no_mlx() -> None:
    run("""
import sys
import mlxk.engine
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"mlx", "mlx_lm", "transformers", "numpy", "huggingface_hub"}, loaded
""")


ANSWER = """
import asyncio, logging, sys
from mlxk.engine import EngineConfig, ThreadEngine
from tests.engine.conftest import ask, ids_of, steps_of

async def main():
    async with ThreadEngine(EngineConfig(model_path=sys.argv[1], context_length=4096)) as engine:
        print(ids_of(await steps_of(engine, ask())))

asyncio.run(main())
"""


def _no_folder(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "file").write_text("")
    return {"TMPDIR": str(tmp_path / "file" / "cache")}


def _broken_compiler(tmp_path: Path) -> dict[str, str]:
    folder, cache = tmp_path / "bin", tmp_path / "cache"
    folder.mkdir()
    cache.mkdir()
    for name in ("g++", "c++", "clang++"):
        (folder / name).write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\nexit 1\n')
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(cache)}


@pytest.mark.parametrize("obstacle", [_no_folder, _broken_compiler])
def test_without_run_time_compilation_it_works_with_a_warning(
    obstacle: object, qwen3_path: Path, tmp_path: Path
) -> None:
    root = str(Path(__file__).parents[2])
    plain = run(ANSWER, str(qwen3_path), PYTHONPATH=root)
    output = run(ANSWER, str(qwen3_path), PYTHONPATH=root, **obstacle(tmp_path))
    assert plain.splitlines()[0] in output
    # On a Mac nothing is compiled with a C++ compiler, so there is nothing to warn of.
    assert ("MLX cannot compile kernels" in output) is (sys.platform == "linux")
