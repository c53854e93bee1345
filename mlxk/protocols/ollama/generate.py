"""`POST /api/generate`. Without a prompt it asks for the model to be loaded or unloaded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from mlxk.errors import RequestError
from mlxk.protocols.base import Json, ParsedRequest
from mlxk.protocols.ollama.common import KEEP_ALIVE, STREAM_TYPE, GenerationBody, Images, error_body
from mlxk.protocols.ollama.encoder import OllamaEncoder, generate_answer
from mlxk.protocols.validation import validate
from mlxk.requests import Message, Unsupported

__all__ = ["KEEP_ALIVE", "STREAM_TYPE", "error_body", "parse"]

_PICTURES = "no images are generated here"


class GenerateBody(GenerationBody):
    prompt: str | None = None
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    context: list[int] | None = None
    raw: bool | None = None
    images: Images = None
    width: int | None = None
    height: int | None = None
    steps: int | None = None

    @property
    def plain(self) -> bool:
        """Whether the prompt is taken to the letter, without the model's template."""
        return bool(self.raw or self.suffix)

    def asked(self) -> dict[str, Any]:
        """What is to be answered; raises `RequestError`."""
        if self.raw and (self.system or self.template or self.context):
            raise RequestError("raw mode does not support template, system, or context", param="raw")
        if self.plain:
            return {"prompt": self.prompt or "", "suffix": self.suffix or None}
        system = (Message("system", self.system),) if self.system else ()
        return {"messages": (*system, Message("user", self.prompt or ""))}

    def unsupported(self) -> Iterator[Unsupported]:
        yield from super().unsupported()
        if self.template:
            yield Unsupported("template", "the profile names the chat template: model.chat_template")
        if self.context:
            yield Unsupported("context", "send the conversation as messages to /api/chat instead")
        if self.suffix and self.system:
            yield Unsupported("system", "a gap between two texts is filled without a system prompt")
        if self.plain and self.think:
            yield Unsupported("think", "without a chat template there is no switch for thinking")
        for name in ("width", "height", "steps"):
            if getattr(self, name):
                yield Unsupported(name, _PICTURES)


def parse(body: Json) -> ParsedRequest:
    """Raises `RequestError`."""
    said = validate(GenerateBody, body)
    request = said.request(**said.asked())
    return ParsedRequest(
        model=said.model or "",
        stream=said.streams,
        generations=(request,) if said.prompt or said.suffix else (),
        encoder=partial(
            OllamaEncoder,
            answer=generate_answer,
            model=said.model,
            logprobs=bool(said.logprobs),
            unloads=said.unloads,
        ),
        keep_alive=said.keep_alive,
    )
