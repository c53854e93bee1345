"""How mlx-lm is imported: only the parts an engine uses.

`import mlx_lm.anything` first runs the package's `__init__`, which imports every command of mlx-lm and, with
them, transformers: 1.2 s of CPU before a model can be touched. An engine needs the model classes, their
caches and `load_model`; none of them uses a tokenizer. So `prepare` puts two modules in place:

- `mlx_lm` itself, as a package that runs its real `__init__` when somebody asks it for a name that is not a
  sub-module: `from mlx_lm import load` works as ever, later;
- for the time in which `mlx_lm.utils` is imported, a `mlx_lm.tokenizer_utils` whose two names import the
  real module when they are called.

Nothing is patched in mlx-lm, and both steps are undone or skipped where anything is not as expected: then
the plain import is used, which is slower and otherwise the same.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

logger = logging.getLogger(__name__)

PACKAGE = "mlx_lm"
TOKENIZERS = "mlx_lm.tokenizer_utils"


class _LatePackage(ModuleType):
    """A package whose `__init__` runs at the first access to a name that it lacks."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if spec is None or spec.loader is None or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec.loader.exec_module(self)
        return getattr(self, name)


class _LateTokenizers(ModuleType):
    """Stands for `mlx_lm.tokenizer_utils` while `mlx_lm.utils` is imported."""

    @staticmethod
    def load(*args: Any, **kwargs: Any) -> Any:
        return importlib.import_module(TOKENIZERS).load(*args, **kwargs)

    @staticmethod
    def TokenizerWrapper(*args: Any, **kwargs: Any) -> Any:  # noqa: N802
        return importlib.import_module(TOKENIZERS).TokenizerWrapper(*args, **kwargs)


def prepare() -> ModuleType:
    """Import `mlx_lm.utils` the short way, or the plain way where that fails; gives the module."""
    if PACKAGE in sys.modules:
        return importlib.import_module(f"{PACKAGE}.utils")
    spec = importlib.util.find_spec(PACKAGE)
    try:
        return _short(spec)
    except (ImportError, AttributeError, TypeError) as error:
        logger.info("mlx-lm is imported as a whole: %s", error)
        for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
            del sys.modules[name]
        return importlib.import_module(f"{PACKAGE}.utils")


def _short(spec: ModuleSpec | None) -> ModuleType:
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"{PACKAGE} is not an installed package")
    package = _LatePackage(PACKAGE)
    package.__spec__ = spec
    package.__loader__ = spec.loader
    package.__file__ = spec.origin
    package.__package__ = PACKAGE
    package.__path__ = cast(Any, spec.submodule_search_locations)
    sys.modules[PACKAGE] = package
    sys.modules[TOKENIZERS] = _LateTokenizers(TOKENIZERS)
    try:
        return importlib.import_module(f"{PACKAGE}.utils")
    finally:
        sys.modules.pop(TOKENIZERS, None)
        package.__dict__.pop("tokenizer_utils", None)
