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
from mlxk.engine.ranks import Ranks


@dataclass(frozen=True, slots=True)
class Assembly:
    """A loaded model with its adapters, its kind of caches, what guesses ahead, what is kept on disk, and the
    ranks that share it."""

    loaded: LoadedModel
    caches: Caches
    adapters: AdapterBank
    speculator: Speculator | None = None
    prompt_files: PromptFiles | None = None
    ranks: Ranks | None = None


def assemble(config: EngineConfig) -> Assembly:
    """Load everything; raises `ModelError` or `InsufficientMemory` with what cannot be used, and why."""
    path = Path(config.model_path)
    ranks = None if config.distributed is None else Ranks.join(config.distributed)
    loaded = load(
        path, trust_remote_code=config.trust_remote_code, divide=None if ranks is None else ranks.divide
    )
    caches = Caches(loaded.model, config.kv)
    kv.check(caches, path.name)
    assembly = Assembly(
        loaded,
        caches,
        adapters.load(loaded, config.adapters, path.name),
        _speculator(config, loaded, caches),
        PromptFiles.open(config, caches),
        ranks,
    )
    if ranks is not None:
        ranks.meet()
    return assembly


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
    return Speculator(loaded, drafter, 0 if config.kv is None else config.kv.start)
