"""Dialects: bodies to generation requests, events to bodies and frames. No HTTP, no defaults."""

from collections.abc import Mapping
from types import MappingProxyType

from mlxk.protocols.anthropic import count_tokens, messages
from mlxk.protocols.anthropic import models as anthropic_models
from mlxk.protocols.base import Catalogue, Conversation, Counter, Dialect
from mlxk.protocols.ollama import chat as ollama_chat
from mlxk.protocols.ollama import generate, ps, refusals, show, tags, version
from mlxk.protocols.openai import chat, completions, models, responses
from mlxk.protocols.openai.embeddings import EMBEDDINGS
from mlxk.protocols.openai.responses import input_tokens

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "openai.chat": chat,
        "openai.completions": completions,
        "anthropic.messages": messages,
        "ollama.chat": ollama_chat,
        "ollama.generate": generate,
    }
)
CONVERSATIONS: Mapping[str, Conversation] = MappingProxyType({"openai.responses": responses})
COUNTERS: Mapping[str, Counter] = MappingProxyType(
    {"anthropic.count_tokens": count_tokens, "openai.input_tokens": input_tokens}
)
CATALOGUES: Mapping[str, Catalogue] = MappingProxyType(
    {
        "openai.models": models,
        "openai.embeddings": EMBEDDINGS,
        "anthropic.models": anthropic_models,
        "ollama.tags": tags,
        "ollama.show": show,
        "ollama.ps": ps,
        "ollama.version": version,
        "ollama.create": refusals.CREATE,
        "ollama.copy": refusals.COPY,
        "ollama.delete": refusals.DELETE,
        "ollama.push": refusals.PUSH,
        "ollama.blobs": refusals.BLOBS,
        "ollama.embed": refusals.EMBED,
    }
)
