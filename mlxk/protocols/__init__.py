"""Dialects: bodies to generation requests, events to bodies and frames. No HTTP, no defaults."""

from collections.abc import Mapping
from types import MappingProxyType

from mlxk.protocols.anthropic import count_tokens, messages
from mlxk.protocols.base import Catalogue, Conversation, Counter, Dialect
from mlxk.protocols.openai import chat, completions, models, responses

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {"openai.chat": chat, "openai.completions": completions, "anthropic.messages": messages}
)
CONVERSATIONS: Mapping[str, Conversation] = MappingProxyType({"openai.responses": responses})
COUNTERS: Mapping[str, Counter] = MappingProxyType({"anthropic.count_tokens": count_tokens})
CATALOGUES: Mapping[str, Catalogue] = MappingProxyType({"openai.models": models})
