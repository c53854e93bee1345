"""OpenAI's responses: `POST /v1/responses`, and what is below it for the responses that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from mlxk.errors import RequestError, RouteNotFound
from mlxk.protocols.base import Json, ParsedRequest, Store
from mlxk.protocols.openai.common import KEEP_ALIVE, STREAM_TYPE, error_body
from mlxk.protocols.openai.responses.body import ResponsesBody
from mlxk.protocols.openai.responses.choices import choose
from mlxk.protocols.openai.responses.encoder import Asked, ResponsesEncoder
from mlxk.protocols.openai.responses.output import ItemWriter
from mlxk.protocols.openai.responses.stored import history, keep, listed, recall, resolved
from mlxk.protocols.openai.responses.tools import CustomTool, missing
from mlxk.protocols.openai.responses.turns import Turns
from mlxk.protocols.validation import all_spared, spared, validate
from mlxk.requests import GenerationRequest, Message

__all__ = ["KEEP_ALIVE", "STREAM_TYPE", "error_body", "look", "methods", "parse"]

# What can be done below the path, by what stands behind a response's id.
_METHODS: Mapping[str, tuple[str, ...]] = {
    "": ("GET", "DELETE"),
    "input_items": ("GET",),
    "cancel": ("POST",),
}


def methods(tail: str) -> tuple[str, ...]:
    """Raises `RouteNotFound`."""
    response_id, _, below = tail.partition("/")
    if not tail:
        return ("POST",)
    if not response_id or below not in _METHODS:
        raise RouteNotFound("Responses have 'input_items' and 'cancel', and nothing else.")
    if tail == "compact":
        raise RouteNotFound(
            "Conversations are not compacted here: 'truncation' leaves out the oldest messages."
        )
    return _METHODS[below]


def parse(body: Json, store: Store) -> ParsedRequest:
    """Raises `RequestError`, also for an earlier response that is no longer there."""
    said = validate(ResponsesBody, body)
    said.check()
    items = resolved(store, said.input)
    turns = Turns()
    turns.add([*history(store, said.previous_response_id), *items])
    system = () if said.instructions is None else (Message("system", said.instructions),)
    chosen = choose(said.tools, said.tool_choice)
    text = said.text.format.response_format() if said.text and said.text.format else None
    request = GenerationRequest(
        messages=(*system, *turns.messages),
        model=said.model or "",
        tools=chosen.tools,
        tool_choice=chosen.choice,
        parallel_tool_calls=said.parallel_tool_calls,
        sampling=said.sampling(),
        max_tokens=said.max_output_tokens,
        response_format=text,
        reasoning=said.options(),
        chat_template_kwargs=said.chat_template_kwargs or {},
        top_logprobs=said.wanted_logprobs,
        overflow=said.overflow,
        unsupported=(*spared(said), *all_spared(said.tools, "tools"), *missing(said.tools)),
    )
    custom = frozenset(tool.name for tool in said.tools or () if isinstance(tool, CustomTool))
    asked = Asked(
        told=said.told(),
        writer=ItemWriter(custom, said.carries_reasoning),
        keep=partial(keep, store, items) if said.stores else _forget,
    )
    return ParsedRequest(said.model or "", said.streams, (request,), partial(ResponsesEncoder, asked=asked))


def _forget(response: Json) -> None:
    """The caller did not want it stored."""


def look(method: str, tail: str, query: Mapping[str, str], store: Store) -> Json:
    """What is asked about a response that is kept; raises `RequestError`."""
    response_id, _, below = tail.partition("/")
    record = recall(store, response_id)
    if below == "input_items":
        return listed(store, response_id, query)
    if below == "cancel":
        raise RequestError("Only a response that is made in the background can be cancelled.")
    if method == "DELETE":
        store.forget(response_id)
        return {"id": response_id, "object": "response", "deleted": True}
    if query.get("stream", "false") != "false":
        raise RequestError("A response that is over cannot be streamed again.", param="stream")
    return record.response
