"""All that one engine generates with, put together from its configuration and checked while loading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlxk.engine import adapters, draft, kv
from mlxk.engine.adapters import AdapterBank
from mlxk.engine.base import EngineConfig
from mlxk.engine.draft import Drafter, Speculator
from mlxk.engine.kv import Caches
from mlxk.engine.loader import LoadedModel, load
from mlxk.engine.prompt_files import PromptFiles


@dataclass(frozen=True, slots=True)
class Assembly:
    """A loaded model with its adapters, its kind of caches, what guesses ahead and what is kept on disk."""

    loaded: LoadedModel
    caches: Caches
    adapters: AdapterBank
    speculator: Speculator | None = None
    prompt_files: PromptFiles | None = None


def assemble(config: EngineConfig) -> Assembly:
    """Load everything; raises `ModelError` or `InsufficientMemory` with what cannot be used, and why."""
    path = Path(config.model_path)
    loaded = load(path, trust_remote_code=config.trust_remote_code)
    caches = Caches(loaded.model, config.kv)
    kv.check(caches, path.name)
    return Assembly(
        loaded,
        caches,
        adapters.load(loaded, config.adapters, path.name),
        _speculator(config, loaded, caches),
        PromptFiles.open(config, caches),
    )


def _speculator(config: EngineConfig, loaded: LoadedModel, caches: Caches) -> Speculator | None:
    if config.draft is None:
        return None
    folder = Path(config.draft.model_path)
    small = load(folder)
    draft.check(caches, Path(config.tokenizer_path or config.model_path), small, folder)
    drafter = Drafter(
        small,
        tokens=config.draft.tokens,
        prefill_step=config.prefill_step,
        vocabulary=min(loaded.vocabulary, small.vocabulary),
    )
    return Speculator(loaded, drafter)
