"""The body that each endpoint takes: its model, and a small one that it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mlxk.protocols.administration import LoadBody, ReloadBody, UnloadBody
from mlxk.protocols.anthropic.messages import MessagesBody
from mlxk.protocols.anthropic.prompt import PromptBody
from mlxk.protocols.base import Json
from mlxk.protocols.ollama.chat import ChatBody as OllamaChatBody
from mlxk.protocols.ollama.generate import GenerateBody
from mlxk.protocols.ollama.pull import PullBody
from mlxk.protocols.ollama.show import ShowBody
from mlxk.protocols.openai.chat import ChatBody
from mlxk.protocols.openai.completions import CompletionsBody
from mlxk.protocols.openai.responses.body import ResponsesBody
from mlxk.protocols.openai.responses.input_tokens import InputTokensBody
from mlxk.protocols.tokens.detokenize import DetokenizeBody
from mlxk.protocols.tokens.tokenize import TokenizeBody
from mlxk.protocols.validation import Body

_QUESTION = {"messages": [{"role": "user", "content": "Why is the sky blue?"}]}


@dataclass(frozen=True, slots=True)
class BodyOf:
    """`name` is the body's own in a document of all endpoints; `example` lacks the model's name alone."""

    name: str
    model: type[Body]
    example: Json


BODIES: Mapping[str, BodyOf] = MappingProxyType(
    {
        "openai.chat": BodyOf("ChatCompletion", ChatBody, _QUESTION),
        "openai.completions": BodyOf("Completion", CompletionsBody, {"prompt": "Once upon a time"}),
        "openai.responses": BodyOf("Response", ResponsesBody, {"input": "Why is the sky blue?"}),
        "openai.input_tokens": BodyOf(
            "ResponseInputTokens", InputTokensBody, {"input": "Why is the sky blue?"}
        ),
        "anthropic.messages": BodyOf("Message", MessagesBody, {**_QUESTION, "max_tokens": 256}),
        "anthropic.count_tokens": BodyOf("CountTokens", PromptBody, _QUESTION),
        "ollama.chat": BodyOf("OllamaChat", OllamaChatBody, _QUESTION),
        "ollama.generate": BodyOf("OllamaGenerate", GenerateBody, {"prompt": "Why is the sky blue?"}),
        "ollama.show": BodyOf("OllamaShow", ShowBody, {}),
        "ollama.pull": BodyOf("OllamaPull", PullBody, {}),
        "tokenize": BodyOf("Tokenize", TokenizeBody, {"prompt": "Why is the sky blue?"}),
        "admin.load": BodyOf("Load", LoadBody, {}),
        "admin.unload": BodyOf("Unload", UnloadBody, {}),
        "admin.reload": BodyOf("Reload", ReloadBody, {}),
        "detokenize": BodyOf("Detokenize", DetokenizeBody, {"tokens": [1, 2, 3]}),
    }
)
