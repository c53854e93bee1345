"""`POST /v1/messages`: https://docs.claude.com/en/api/messages."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from mlxk.protocols.anthropic.encoder import MessagesEncoder
from mlxk.protocols.anthropic.failures import error_body
from mlxk.protocols.anthropic.prompt import PromptBody
from mlxk.protocols.base import Json, ParsedRequest
from mlxk.protocols.validation import Body, Count, Spare, refuse, validate
from mlxk.requests import SamplingOverrides

__all__ = ["KEEP_ALIVE", "STREAM_TYPE", "MessagesBody", "error_body", "parse"]

STREAM_TYPE = "text/event-stream; charset=utf-8"
KEEP_ALIVE = b'event: ping\ndata: {"type":"ping"}\n\n'

_ONE_MODEL = "A model here answers for itself alone."


class Metadata(Body):
    user_id: str | None = None


class MessagesBody(PromptBody):
    max_tokens: Annotated[int, Field(ge=1)]
    stop_sequences: list[Annotated[str, Field(min_length=1)]] | None = None
    stream: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Count | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    container: Annotated[None, refuse("There are no containers here.")] = None
    inference_geo: Annotated[str | None, Spare("This server computes where it stands.")] = None
    diagnostics: Annotated[dict[str, Any] | None, Spare("There are no diagnostics of prompt caches.")] = None
    fallbacks: Annotated[list[Any] | str | None, Spare(_ONE_MODEL, ([], "default"))] = None
    fallback_credit_token: str | None = None
    billing_policy: Any = None

    @property
    def omits_thinking(self) -> bool:
        return self.thinking is not None and self.thinking.display == "omitted"

    def sampling(self) -> SamplingOverrides:
        names = ("temperature", "top_p", "top_k")
        return cast(
            SamplingOverrides, {name: value for name in names if (value := getattr(self, name)) is not None}
        )


def parse(body: Json) -> ParsedRequest:
    """Raises `RequestError`.

    `max_tokens` must be said, and so clients say much: what does not fit the window is no error, and the
    answer tells when the window was full.
    """
    said = validate(MessagesBody, body)
    request = replace(
        said.request(),
        sampling=said.sampling(),
        max_tokens=said.max_tokens,
        fill_context=True,
        stop=None if said.stop_sequences is None else tuple(said.stop_sequences),
    )
    encoder = partial(
        MessagesEncoder,
        stops=tuple(said.stop_sequences or ()),
        omits=said.omits_thinking,
        error_body=error_body,
    )
    return ParsedRequest(said.model, bool(said.stream), (request,), encoder)
