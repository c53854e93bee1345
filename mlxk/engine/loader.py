"""A model folder's weights in memory, through mlx-lm's own loader: no tokenizer, no remote code.

Every way in which that fails is told as a `ModelError` or an `InsufficientMemory` with a hint: the causes of
`load_model` are the table `_FAILURES`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import mlx.core as mx

from mlxk.engine import upstream
from mlxk.errors import EngineError, InsufficientMemory, MlxkError, ModelError

logger = logging.getLogger(__name__)

_MEMORY_WORDS = ("malloc", "allocate", "out of memory", "insufficient memory", "bad_alloc")
_COMPILE_WORDS = ("compile", "filesystem error", "popen() failed", "failed to execute command")


class Model(Protocol):
    """An mlx-lm model: token ids of shape (batch, length) to logits of shape (batch, length, vocabulary)."""

    def __call__(self, inputs: mx.array, cache: list[Any] | None = None) -> mx.array: ...

    def parameters(self) -> dict[str, Any]: ...


Divide = Callable[[Model], None]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is ready to generate. `vocabulary` is the number of ids its embedding holds."""

    model: Model
    config: Mapping[str, Any]

    @property
    def vocabulary(self) -> int:
        text = self.config.get("text_config") or {}
        return int(self.config.get("vocab_size") or text["vocab_size"])


def load(path: Path, *, trust_remote_code: bool = False, divide: Divide | None = None) -> LoadedModel:
    """Load the weights in `path`, evaluated, and run one token through them.

    `trust_remote_code` lets a model bring Python code of its own, and runs it. `divide` leaves one rank's
    part of the model, before any weights are read. Raises `ModelError` or `InsufficientMemory`.
    """
    utils = upstream.prepare()
    try:
        model, config = utils.load_model(path, lazy=divide is not None, trust_remote_code=trust_remote_code)
    except (Exception, SystemExit) as error:  # code of any model family runs here
        raise explain(error, path) from error
    loaded = LoadedModel(model, config)
    if divide is None:
        _first_run(loaded, path)
    else:
        _divided(loaded, path, divide)
    return loaded


def _divided(loaded: LoadedModel, path: Path, divide: Divide) -> None:
    """All ranks run together, so one cannot try a second time."""
    try:
        divide(loaded.model)
        mx.eval(loaded.model.parameters())
        _forward(loaded)
    except MlxkError:
        raise
    except Exception as error:  # code of any model family runs here
        if is_out_of_memory(error):
            raise out_of_memory(error) from error
        raise ModelError(
            f"{path.name} cannot be divided among these ranks: {first_line(error)}",
            hint="the number of ranks must divide the model's attention heads, its keys and values' too; "
            "or take the other `engine.distributed.mode`",
        ) from error


def _first_run(loaded: LoadedModel, path: Path) -> None:
    """One forward pass: what cannot work fails at load, and run-time compilation is known to work or off.

    On a CPU, MLX compiles fused kernels with the system's compiler into a cache folder; a compiler that
    fails, or a folder that cannot be made, is an error at the first use.
    """
    try:
        _compiled_or_not(loaded)
    except Exception as error:  # code of any model family runs here
        raise explain(error, path) from error


def _compiled_or_not(loaded: LoadedModel) -> None:
    try:
        _forward(loaded)
    except RuntimeError as error:
        if not is_compile_failure(error):
            raise
        disable_compile(error)
        _forward(loaded)


def _forward(loaded: LoadedModel) -> None:
    from mlx_lm.models.cache import make_prompt_cache

    cache = make_prompt_cache(loaded.model)
    mx.eval(loaded.model(mx.zeros((1, 1), dtype=mx.int32), cache=cache))


def is_compile_failure(error: BaseException) -> bool:
    """Whether MLX failed to build a kernel at run time."""
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(word in text for word in _COMPILE_WORDS)


def disable_compile(error: BaseException) -> None:
    """Go on without fused kernels, and say so."""
    mx.disable_compile()
    logger.warning(
        "MLX cannot compile kernels on this machine, generation will be slower: %s", first_line(error)[:200]
    )


def explain(error: BaseException, path: Path) -> MlxkError:
    """The error of this project that tells what `error` means for the model in `path`."""
    for fits, build in _FAILURES:
        if fits(error):
            return build(error, path)
    return ModelError(f"{path.name} cannot be loaded: {type(error).__name__}: {first_line(error)}")


def out_of_memory(error: BaseException) -> InsufficientMemory:
    return InsufficientMemory(
        f"not enough memory: {first_line(error)}",
        hint="use a smaller or more strongly quantised model, or a shorter context",
    )


def is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in text for word in _MEMORY_WORDS)
    )


def generation_failure(error: BaseException) -> EngineError:
    """The error that a running generation gets when MLX fails under it."""
    if is_out_of_memory(error):
        return out_of_memory(error)
    return EngineError(f"generation failed: {type(error).__name__}: {first_line(error)}")


def first_line(error: BaseException) -> str:
    return (str(error).strip() or "no message").splitlines()[0]


def _missing(error: BaseException, path: Path) -> MlxkError:
    return ModelError(
        f"{path.name} has no weights: {first_line(error)}",
        hint="the folder must hold config.json and model*.safetensors; pull the model again",
    )


def _corrupt(error: BaseException, path: Path) -> MlxkError:
    return ModelError(
        f"{path.name} has damaged weights: {first_line(error)}",
        hint="a download was cut off or a file was changed; pull the model again",
    )


def _damaged_config(error: BaseException, path: Path) -> MlxkError:
    return ModelError(
        f"{path.name} has a damaged config.json: {first_line(error)}", hint="pull the model again"
    )


def _unsupported(error: BaseException, path: Path) -> MlxkError:
    return ModelError(
        f"{path.name}: {first_line(error)}",
        hint="this version of mlx-lm has no such architecture; a newer one may",
    )


def _custom_code(error: BaseException, path: Path) -> MlxkError:
    return ModelError(
        f"{path.name} wants to run Python code of its own (`model_file` in config.json); it is refused",
        hint="use a conversion to an architecture that mlx-lm has; or, if you trust whoever wrote it, say "
        "`model: {trust_remote_code: true}`",
    )


def _mismatch(error: BaseException, path: Path) -> MlxkError:
    return ModelError(
        f"the weights of {path.name} do not fit its config.json: {first_line(error)}",
        hint="the conversion is broken or meant for another version of mlx-lm",
    )


def _incomplete_config(error: BaseException, path: Path) -> MlxkError:
    return ModelError(
        f"config.json of {path.name} is incomplete or wrong: {type(error).__name__}: {first_line(error)}",
        hint="pull the model again, or report it where it was published",
    )


def _says(*words: str) -> Callable[[BaseException], bool]:
    def fits(error: BaseException) -> bool:
        text = str(error).lower()
        return any(word in text for word in words)

    return fits


def _is(*kinds: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds)


_FAILURES: tuple[tuple[Callable[[BaseException], bool], Callable[[BaseException, Path], MlxkError]], ...] = (
    (is_out_of_memory, lambda error, path: out_of_memory(error)),
    (_is(json.JSONDecodeError, UnicodeDecodeError), _damaged_config),
    (_is(FileNotFoundError), _missing),
    (_says("custom module", "trust_remote_code"), _custom_code),
    (_says("not supported"), _unsupported),
    (_says("parameters not in model", "parameters:", "expected shape"), _mismatch),
    (_says("safetensors", "[load", "[read]", "invalid json header"), _corrupt),
    (_is(KeyError, TypeError, AttributeError, ValueError), _incomplete_config),
)
