"""Which model types mlx-lm can load, read from its files without importing it (or MLX)."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

_REMAPPING = "MODEL_REMAPPING"


def model_types() -> frozenset[str]:
    """Every `model_type` of a config.json that the installed mlx-lm has code for; empty if unknown."""
    spec = importlib.util.find_spec("mlx_lm")
    if spec is None or not spec.submodule_search_locations:
        return frozenset()
    package = Path(spec.submodule_search_locations[0])
    modules = {file.stem for file in (package / "models").glob("*.py")}
    return frozenset(modules | _remapped(package / "utils.py")) - {"__init__", "base", "cache"}


def _remapped(utils: Path) -> set[str]:
    """The further names in the table that mlx-lm looks model types up in."""
    try:
        tree = ast.parse(utils.read_text("utf-8"))
    except (OSError, SyntaxError):
        return set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if _REMAPPING in names:
                keys = (key.value for key in node.value.keys if isinstance(key, ast.Constant))
                return {key for key in keys if isinstance(key, str)}
    return set()
