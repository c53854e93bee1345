"""What Ollama's endpoints share: fields of bodies that generate, durations, errors, lines of JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BeforeValidator, Field

from mlxk.errors import EngineError, MlxkError, ModelNotFound, RequestError
from mlxk.protocols.base import Json
from mlxk.protocols.ollama.options import Options
from mlxk.protocols.validation import Body, problem
from mlxk.requests import (
    GenerationRequest,
    JsonObject,
    JsonSchema,
    Overflow,
    ReasoningOptions,
    ResponseFormat,
    Unsupported,
)

STREAM_TYPE = "application/x-ndjson"
# White space before a line's JSON says nothing.
KEEP_ALIVE = b" "

_CENTURY = 100 * 365.25 * 86_400
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_AMOUNT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"[+-]?(?:(?:{_AMOUNT.pattern})+|\d+)")
# What other dialects, and the errors of all, name otherwise.
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "max_tokens": "options.num_predict",
        "context": "options.num_ctx",
        "num_ctx": "options.num_ctx",
        "overflow": "truncate",
        "reasoning": "think",
        "reasoning_effort": "think",
        "response_format": "format",
        "repetition_penalty": "options.repeat_penalty",
        "repetition_context": "options.repeat_last_n",
        "presence_context": "options.repeat_last_n",
        "frequency_context": "options.repeat_last_n",
        **{
            name: f"options.{name}"
            for name in (
                "temperature",
                "top_k",
                "top_p",
                "min_p",
                "presence_penalty",
                "frequency_penalty",
                "seed",
                "stop",
            )
        },
    }
)


def _seconds(value: object) -> object:
    """A number of seconds, or a duration as Go writes it (`1h30m`); negative and endless are one."""
    if isinstance(value, str):
        if not _DURATION.fullmatch(value):
            raise problem("It must be a number of seconds or a duration such as '5m', '0' or '-1'.")
        found = _AMOUNT.findall(value)
        amount = sum(float(number) * _UNITS[unit] for number, unit in found) if found else float(value)
        value = -abs(amount) if value.startswith("-") else amount
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value <= _CENTURY else math.inf
    return value


def _known_format(value: object) -> object:
    if value is not None and not isinstance(value, dict) and value not in ("", "json"):
        raise problem("The format must be 'json' or a JSON schema.")
    return value or None


def _known_think(value: object) -> object:
    if value is not None and not isinstance(value, bool) and value not in ("low", "medium", "high"):
        raise problem("It must be true, false, 'low', 'medium' or 'high'.")
    return value


def no_media(value: object) -> object:
    """Images are refused by name, whatever they are."""
    if value:
        raise problem("Images are not supported: this server reads text only.", unsupported=True)
    return None


# Infinity is for ever; JSON has none, so that it can only come from here.
KeepAlive = Annotated[float, Field(ge=0, allow_inf_nan=True), BeforeValidator(_seconds)]
Images = Annotated[None, BeforeValidator(no_media)]


class NamedBody(Body):
    """`name` is the older name of `model`."""

    model: str | None = None
    name: str | None = None

    @property
    def called(self) -> str:
        """Empty where neither is said; raises `RequestError`."""
        if self.model and self.name and self.model != self.name:
            raise RequestError(
                "'model' and 'name' are two names of one field, and they differ.", param="name"
            )
        return self.model or self.name or ""


class GenerationBody(Body):
    """Fields of both chat and generate. `stream` is on unless it is switched off."""

    model: str | None = None
    stream: bool | None = None
    format: Annotated[Literal["json"] | dict[str, Any] | None, BeforeValidator(_known_format)] = None
    options: Options | None = None
    keep_alive: KeepAlive | None = None
    think: Annotated[bool | Literal["low", "medium", "high"] | None, BeforeValidator(_known_think)] = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    truncate: bool | None = None
    shift: bool | None = None

    @property
    def streams(self) -> bool:
        return self.stream is not False

    @property
    def unloads(self) -> bool:
        """Whether a body that asks for no answer gives the model's memory back."""
        return self.keep_alive == 0

    @property
    def settings(self) -> Options:
        return self.options or Options()

    @property
    def response_format(self) -> ResponseFormat | None:
        if isinstance(self.format, dict):
            return JsonSchema(self.format)
        return JsonObject() if self.format == "json" else None

    @property
    def overflow(self) -> Overflow | None:
        if self.truncate is None:
            return None
        return "truncate_oldest" if self.truncate else "error"

    def reasoning(self) -> ReasoningOptions:
        if isinstance(self.think, str):
            return ReasoningOptions(enabled=True, effort=self.think)
        return ReasoningOptions(enabled=self.think)

    def unsupported(self) -> Iterator[Unsupported]:
        yield from self.settings.unsupported()
        if self.shift:
            yield Unsupported("shift", "a context is never shifted while an answer is written")

    def request(self, **said: Any) -> GenerationRequest:
        """A generation with what both endpoints say alike; raises `RequestError`."""
        if self.top_logprobs and not self.logprobs:
            raise RequestError("'top_logprobs' needs 'logprobs' to be true.", param="top_logprobs")
        settings = self.settings
        common: dict[str, Any] = {
            "model": self.model or "",
            "sampling": settings.sampling(),
            "max_tokens": settings.max_tokens,
            "fill_context": settings.fills,
            "context": settings.num_ctx,
            "stop": settings.stops,
            "response_format": self.response_format,
            "reasoning": self.reasoning(),
            "top_logprobs": (self.top_logprobs or 0) if self.logprobs else None,
            "overflow": self.overflow,
            "unsupported": tuple(self.unsupported()),
        }
        return GenerationRequest(**{**common, **said})


def error_body(error: MlxkError) -> Json:
    """Ollama's error. Messages that may name local things are told to the log alone."""
    if not isinstance(error, RequestError | EngineError):
        return {"error": "The server had an error while processing the request."}
    message = error.message
    if error.param and not isinstance(error, ModelNotFound):
        message = f"{_NAMES.get(error.param, error.param)}: {message}"
    return {"error": f"{message.rstrip('.')}. {error.hint}" if error.hint else message}


def timestamp(moment: float | None = None) -> str:
    """RFC 3339, in UTC; of a Unix time, or of now."""
    when = datetime.now(UTC) if moment is None else datetime.fromtimestamp(moment, UTC)
    return when.isoformat().replace("+00:00", "Z")


def line(body: Json) -> bytes:
    return msgspec.json.encode(body) + b"\n"


def tagged(name: str) -> str:
    """A model's name as Ollama lists it: with a tag."""
    return name if ":" in name else f"{name}:latest"
