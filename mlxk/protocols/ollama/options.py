"""`options` of a body, under Ollama's names: https://docs.ollama.com/modelfile#valid-parameters-and-values.

Each is honoured, or cannot be: the policy then refuses it or tells of it. How a model is loaded is the
profile's to say; options about that change no answer and are only told of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field

from mlxk.protocols.validation import Body, Strings, problem
from mlxk.requests import SamplingOverrides, Unsupported

_INT32 = 1 << 31
_INT64 = 1 << 63
# Penalties that look back over the whole window.
_EVERYTHING = 1 << 30
_FILL = (-1, -2)

# The names that a profile has for what is the same.
_SAMPLING: Mapping[str, str] = MappingProxyType(
    {
        "temperature": "temperature",
        "top_k": "top_k",
        "top_p": "top_p",
        "min_p": "min_p",
        "repeat_penalty": "repetition_penalty",
        "presence_penalty": "presence_penalty",
        "frequency_penalty": "frequency_penalty",
    }
)
_CONTEXTS = ("repetition_context", "presence_context", "frequency_context")

# Options that can be honoured when they ask for nothing.
_NEUTRAL: Mapping[str, tuple[object, str]] = MappingProxyType(
    {
        "mirostat": (0, "there is no Mirostat sampler here"),
        "tfs_z": (1, "there is no tail-free sampling here"),
        "typical_p": (1, "there is no typical sampling here"),
        "penalize_newline": (True, "penalties count line breaks like any other token"),
        "vocab_only": (False, "a model is loaded as a whole"),
        "embedding_only": (False, "this server generates text"),
    }
)
_LOADING = "the profile says how the model is loaded"
_NO_SHIFT = "a context is never shifted while an answer is written"
# Options that no answer shows.
_HARMLESS: Mapping[str, str] = MappingProxyType(
    {
        "num_keep": _NO_SHIFT,
        "mirostat_tau": "there is no Mirostat sampler here",
        "mirostat_eta": "there is no Mirostat sampler here",
        **dict.fromkeys(
            (
                "numa",
                "num_batch",
                "num_gpu",
                "main_gpu",
                "low_vram",
                "f16_kv",
                "logits_all",
                "use_mmap",
                "use_mlock",
                "num_thread",
            ),
            _LOADING,
        ),
    }
)


def _whole(value: object) -> object:
    """Clients without integers write 4096.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number_of_tokens(value: object) -> object:
    said = _whole(value)
    if isinstance(said, int) and not isinstance(said, bool) and said < 1 and said not in _FILL:
        raise problem("It must be a number of tokens, -1 or -2 for all that the window holds.")
    return said


Whole = Annotated[int, BeforeValidator(_whole)]


class Options(Body):
    num_predict: Annotated[int, Field(lt=_INT32), BeforeValidator(_number_of_tokens)] | None = None
    num_ctx: Annotated[Whole, Field(ge=1, lt=_INT32)] | None = None
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_k: Annotated[Whole, Field(lt=_INT32)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Field(gt=0)] | None = None
    repeat_last_n: Annotated[Whole, Field(ge=-1, lt=_INT32)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    seed: Annotated[Whole, Field(ge=-_INT64, lt=_INT64)] | None = None
    stop: Annotated[Strings, Field(max_length=64)] | None = None
    mirostat: Whole | None = None
    mirostat_tau: float | None = None
    mirostat_eta: float | None = None
    tfs_z: float | None = None
    typical_p: float | None = None
    penalize_newline: bool | None = None
    num_keep: Whole | None = None
    numa: bool | None = None
    num_batch: Whole | None = None
    num_gpu: Whole | None = None
    main_gpu: Whole | None = None
    num_thread: Whole | None = None
    low_vram: bool | None = None
    f16_kv: bool | None = None
    logits_all: bool | None = None
    vocab_only: bool | None = None
    embedding_only: bool | None = None
    use_mmap: bool | None = None
    use_mlock: bool | None = None

    @property
    def max_tokens(self) -> int | None:
        return None if self.fills else self.num_predict

    @property
    def fills(self) -> bool:
        """An answer without an end, and one that fills the window, are the same here."""
        return self.num_predict in _FILL

    @property
    def stops(self) -> tuple[str, ...] | None:
        """An empty sequence stops nothing."""
        return None if self.stop is None else tuple(text for text in self.stop if text)

    def sampling(self) -> SamplingOverrides:
        said: dict[str, Any] = {
            ours: value for name, ours in _SAMPLING.items() if (value := getattr(self, name)) is not None
        }
        if self.top_k is not None:
            said["top_k"] = max(self.top_k, 0)
        if self.repeat_last_n is not None:
            window = _EVERYTHING if self.repeat_last_n == -1 else self.repeat_last_n
            said |= dict.fromkeys(_CONTEXTS, window)
        if self.seed is not None:
            said["seed"] = None if self.seed == -1 else self.seed
        return cast(SamplingOverrides, said)

    def unsupported(self) -> Iterator[Unsupported]:
        for name, (neutral, reason) in _NEUTRAL.items():
            if (value := getattr(self, name)) is not None and value != neutral:
                yield Unsupported(f"options.{name}", reason)
        for name, reason in _HARMLESS.items():
            if getattr(self, name) is not None:
                yield Unsupported(f"options.{name}", reason, harmless=True)
