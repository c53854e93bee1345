"""Dialects: bodies to generation requests, events to bodies and frames. No HTTP, no defaults."""

from collections.abc import Mapping
from types import MappingProxyType

from mlxk.protocols.anthropic import messages
from mlxk.protocols.base import Catalogue, Dialect
from mlxk.protocols.openai import chat, completions, models

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {"openai.chat": chat, "openai.completions": completions, "anthropic.messages": messages}
)
CATALOGUES: Mapping[str, Catalogue] = MappingProxyType({"openai.models": models})
