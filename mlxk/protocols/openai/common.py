"""What OpenAI's endpoints share: sampling fields, harmless fields, errors, usage, SSE frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

import msgspec
from pydantic import BeforeValidator, Field

from mlxk.errors import EngineError, MlxkError, Overloaded, RequestError, Unauthorized
from mlxk.events import Usage
from mlxk.protocols.base import Json
from mlxk.protocols.validation import Body, Count, Spare, Strings, only, problem
from mlxk.requests import SamplingOverrides

STREAM_TYPE = "text/event-stream; charset=utf-8"
KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"

_INT64 = 1 << 63
_UINT64_MASK = (1 << 64) - 1


def _token_id(key: object) -> object:
    """Keys of a JSON object are strings; those of `logit_bias` are token ids."""
    if isinstance(key, str):
        if not (key.isascii() and key.isdigit() and len(key) < 10):
            raise problem("The keys of logit_bias must be token ids.")
        return int(key)
    return key


class CacheBreakpoint(Body):
    """Hints for a cache of prompts, which costs nothing here: all prompts are cached."""

    mode: Literal["explicit"]
    ttl: str | None = None


class CacheOptions(Body):
    mode: Literal["implicit", "explicit"] | None = None
    ttl: str | None = None
    comparison_response_id: Annotated[str | None, Spare("There are no diagnostics of prompt caches.")] = None
    prewarm: Annotated[bool | None, only(False, reason="Every request here is answered.")] = None


class StreamOptions(Body):
    include_obfuscation: Annotated[
        bool | None, Spare("Obfuscation of streams is not supported.", (False,))
    ] = None


class UsageOptions(StreamOptions):
    include_usage: bool | None = None


Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]


class SamplingFields(Body):
    """Fields of every endpoint that generates.

    `top_k`, `min_p`, `min_tokens_to_keep`, `xtc_*`, `repetition_*` and `*_context` are extensions of the
    dialect, with the names that profiles use. `user`, `metadata` and the like say nothing about the answer.
    """

    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Count | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    min_tokens_to_keep: Annotated[Count, Field(ge=1)] | None = None
    xtc_probability: Annotated[float, Field(ge=0, le=1)] | None = None
    xtc_threshold: Annotated[float, Field(ge=0, le=0.5)] | None = None
    xtc_special_tokens: list[Count] | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    repetition_context: Count | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_context: Count | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_context: Count | None = None
    logit_bias: (
        dict[
            Annotated[int, BeforeValidator(_token_id, json_schema_input_type=str)],
            Annotated[float, Field(ge=-100, le=100)],
        ]
        | None
    ) = None
    seed: Annotated[int, Field(ge=-_INT64, lt=_INT64)] | None = None
    user: str | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None

    @property
    def streams(self) -> bool:
        return bool(self.stream)

    def sampling(self) -> SamplingOverrides:
        """The fields that the body set."""
        said: dict[str, Any] = {
            name: value
            for name in SamplingOverrides.__optional_keys__
            if (value := getattr(self, name)) is not None
        }
        if self.logit_bias is not None:
            said["logit_bias"] = tuple(sorted(self.logit_bias.items()))
        if self.xtc_special_tokens is not None:
            said["xtc_special_tokens"] = tuple(self.xtc_special_tokens)
        if self.seed is not None:
            said["seed"] = self.seed & _UINT64_MASK
        return cast(SamplingOverrides, said)

    def check(self) -> None:
        """What no single field shows; raises `RequestError`."""
        if self.stream_options is not None and not self.streams:
            raise RequestError(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                param="stream_options",
            )


class GenerationFields(SamplingFields):
    """Fields of both chat completions and completions."""

    n: Annotated[int, Field(ge=1, le=128)] | None = None
    stream_options: UsageOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: Annotated[Strings, Field(max_length=4)] | None = None
    store: Annotated[bool | None, Spare("Completions are not stored here.", (False,))] = None

    @property
    def choices(self) -> int:
        return self.n or 1

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def stops(self) -> tuple[str, ...] | None:
        return None if self.stop is None else tuple(self.stop)

    def check(self) -> None:
        super().check()
        if self.stop is not None and "" in self.stop:
            raise RequestError("A stop sequence must not be empty.", param="stop")


def error_body(error: MlxkError) -> Json:
    """OpenAI's error object. Messages that may name local things are told to the log alone."""
    told = isinstance(error, RequestError | EngineError)
    message = error.message if told else "The server had an error while processing the request."
    if told and error.hint:
        message = f"{message.rstrip('.')}. {error.hint}"
    return {
        "error": {
            "message": message,
            "type": _error_type(error),
            "param": error.param if told else None,
            "code": error.code if told else "internal_error",
        }
    }


def _error_type(error: MlxkError) -> str:
    match error:
        case Unauthorized():
            return "authentication_error"
        case Overloaded():
            return "rate_limit_error"
        case RequestError():
            return "invalid_request_error"
        case _:
            return "server_error"


def usage_body(usages: Sequence[Usage], per_prompt: int) -> Json:
    """Usage of a request's generations. `per_prompt` consecutive ones share a prompt, counted once."""
    first_of_each = usages[::per_prompt]
    prompt = sum(usage.prompt_tokens for usage in first_of_each)
    completion = sum(usage.completion_tokens for usage in usages)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": sum(usage.cached_tokens for usage in first_of_each)},
        "completion_tokens_details": {"reasoning_tokens": sum(usage.reasoning_tokens for usage in usages)},
    }


def frame(body: Json) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(body)
