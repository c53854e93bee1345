"""`POST /api/chat`. Without messages it asks for no answer, but for the model to be loaded or unloaded."""

from __future__ import annotations

from functools import partial

from mlxk.protocols.base import Json, ParsedRequest
from mlxk.protocols.ollama.common import KEEP_ALIVE, STREAM_TYPE, GenerationBody, error_body
from mlxk.protocols.ollama.encoder import OllamaEncoder, chat_answer
from mlxk.protocols.ollama.messages import MessageBody, ToolBody, parse_messages, parse_tools
from mlxk.protocols.validation import validate

__all__ = ["KEEP_ALIVE", "STREAM_TYPE", "error_body", "parse"]


class ChatBody(GenerationBody):
    messages: list[MessageBody] | None = None
    tools: list[ToolBody] | None = None


def parse(body: Json) -> ParsedRequest:
    """Raises `RequestError`."""
    said = validate(ChatBody, body)
    request = said.request(messages=parse_messages(said.messages or ()), tools=parse_tools(said.tools or ()))
    return ParsedRequest(
        model=said.model or "",
        stream=said.streams,
        generations=(request,) if said.messages else (),
        encoder=partial(
            OllamaEncoder,
            answer=chat_answer,
            model=said.model,
            logprobs=bool(said.logprobs),
            unloads=said.unloads,
        ),
        keep_alive=said.keep_alive,
    )
