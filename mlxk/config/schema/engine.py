"""`engine`: how the model is run."""

from __future__ import annotations

from pydantic import Field

from mlxk.config.schema.section import Section, Text


class PromptCacheSection(Section):
    """Keys and values of earlier prompts, for prompts that begin the same way."""

    bytes: Text = Field(
        "2GiB",
        description="How much memory it may take: a number with KiB, MiB or GiB; 0 for no cache.",
        examples=["512MiB", "2GiB", "0"],
        json_schema_extra={"pattern": r"^([0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB)?|\$\{.*)$"},
    )
    entries: int = Field(
        16, ge=0, description="How many prompts it may hold; 0 for no cache.", examples=[16, 64]
    )


class EngineSection(Section):
    """How the model is run."""

    concurrency: int = Field(
        8,
        ge=1,
        le=256,
        description="How many requests are decoded together; more wait. Each takes memory for its context.",
        examples=[1, 8, 32],
    )
    prefill_step: int = Field(
        512,
        ge=16,
        le=65536,
        description="How many tokens of a prompt are processed between two steps of decoding. Smaller steps "
        "disturb running answers less.",
        examples=[256, 2048],
    )
    prompt_cache: PromptCacheSection = Field(
        default_factory=PromptCacheSection,
        description="Keys and values of earlier prompts, for prompts that begin the same way.",
        examples=[{"bytes": "512MiB", "entries": 8}],
    )
