"""The shapes of the files that people write: profiles, a repository's mlxk.yaml, the user's config.yaml.

A file is one layer of a resolved profile, so hardly a key is required. `schemas/*.v1.json` are generated
from these models.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mlxk.config.schema import (
    MODELS,
    Defaults,
    LogSection,
    MemorySection,
    ModelEntry,
    ModelOverride,
    ModelSection,
    Residence,
    Section,
    ServerSection,
    Settings,
    Text,
    Variant,
)
from mlxk.config.schema.section import TAKES_EFFECT

# Lists about files: they are read before layers are merged, so there is nothing to append to.
FIXED_LISTS = ("extends", "include", "profiles")

# Of profiles and of the user's own file.
_SERVER: Any = Field(
    default_factory=ServerSection,
    description="What `mlxk up` serves, and where.",
    examples=[{"listen": "127.0.0.1:8080"}],
)
_LOG: Any = Field(
    default_factory=LogSection,
    description="What `mlxk up` writes to stderr.",
    examples=[{"format": "json", "level": "info"}],
)


class _Versioned(Section):
    mlxk: Literal[1] = Field(description="The version of the profile language.", examples=[1])
    requires: str | None = Field(
        None,
        description="The versions of mlxk that can use this file.",
        examples=[">=0.1", ">=0.4,<2"],
        json_schema_extra={
            "pattern": r"^\s*(>=|<=|==|!=|>|<)\s*\d+(\.\d+)*\s*(,\s*(>=|<=|==|!=|>|<)\s*\d+(\.\d+)*\s*)*$"
        },
    )


class ProfileFile(Residence, Settings, _Versioned):
    """A model and how to run it. See `mlxk profiles` for those that ship with mlxk."""

    description: str | None = Field(
        None, description="What this profile is for, in one line.", examples=["Quick answers, low memory."]
    )
    extends: list[Text] = Field(
        default_factory=list,
        description="Profiles that this one builds on, by name or file. Later ones win over earlier ones, "
        "this file wins over all.",
        examples=["chat-default", ["chat-default", "./team.yaml"]],
    )
    include: list[Text] = Field(
        default_factory=list,
        description="Files with parts of a profile, relative to this one. They win over `extends`; this file "
        "wins over them.",
        examples=["./parts/stops.yaml"],
    )
    model: ModelSection | None = Field(
        None,
        description="Which model: a reference on the Hugging Face Hub, a folder, or a mapping.",
        examples=[
            "mlx-community/Qwen3-4B-Instruct-2507-4bit",
            "./models/my-finetune",
            {"repo": "mlx-community/gpt-oss-20b-MXFP4-Q8", "revision": "main"},
        ],
        json_schema_extra={TAKES_EFFECT: "reload"},
    )
    aliases: list[Text] = Field(
        default_factory=list,
        description="Further names that the server's clients may use for this model, besides the profile's.",
        examples=[["gpt-4o-mini", "default"]],
    )
    server: ServerSection = _SERVER
    log: LogSection = _LOG
    variants: dict[str, Variant] = Field(
        default_factory=dict,
        description="The same model with other settings, by name.",
        examples=[{"deep": {"reasoning": {"effort": "high"}}}],
    )
    models: dict[str, ModelEntry] = MODELS
    defaults: Defaults = Field(
        default_factory=Defaults,
        description="Settings of every entry of `models`, which may say otherwise.",
        examples=[{"ttl": "15m"}],
    )
    memory: MemorySection = Field(
        default_factory=MemorySection,
        description="How much `mlxk up` keeps in memory.",
        examples=[{"max_models": 2}],
    )


class UserFile(Settings, _Versioned):
    """`$XDG_CONFIG_HOME/mlxk/config.yaml`: one person's settings under every profile."""

    server: ServerSection = _SERVER
    log: LogSection = _LOG


class Override(Settings):
    """Settings that stand over every profile of the models that match."""

    model: ModelOverride = Field(
        default_factory=ModelOverride,
        description="Another revision, chat template and the like for the models that match.",
        examples=[{"chat_template": "./templates/chat.jinja"}],
    )


class RepositoryFile(_Versioned):
    """`mlxk.yaml` (checked in) or `mlxk.local.yaml` (personal) at the root of a repository."""

    profiles: list[Text] = Field(
        default_factory=list,
        description="Folders with profiles, relative to this file.",
        examples=[["profiles/"]],
    )
    overrides: dict[str, Override] = Field(
        default_factory=dict,
        description="Settings per model, by reference or glob. Broad globs first, an exact reference last.",
        examples=[{"mlx-community/gpt-oss-*": {"stop": {"tokens+": ["<|endoftext|>"]}}}],
    )
