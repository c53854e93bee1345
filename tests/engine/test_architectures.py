"""The model types that are told to be loadable are those that mlx-lm resolves."""

from __future__ import annotations

import sys

from mlxk.engine.architectures import model_types


def test_they_are_those_of_mlx_lm() -> None:
    from mlx_lm.utils import MODEL_REMAPPING, _get_classes

    types = model_types()
    assert {"qwen3", "llama", "gpt_oss", "gemma3"} <= types
    assert set(MODEL_REMAPPING) <= types
    for name in ("qwen3", "mistral", "kimi_k2"):
        assert name in types
        assert _get_classes({"model_type": name})
    assert types.isdisjoint({"bert", "whisper", "__init__", "base"})


def test_mlx_is_not_imported_for_it() -> None:
    import subprocess

    code = "import sys; from mlxk.engine.architectures import model_types; model_types(); "
    code += "print([name for name in ('mlx', 'mlx_lm') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
