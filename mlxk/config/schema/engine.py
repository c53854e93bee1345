"""`engine`: how the model is run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlxk.config.schema.section import RELOAD, Section, Text, choices

SIZE_PATTERN = r"^([0-9]+(\.[0-9]+)?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?|\$\{.*)$"


class PromptCacheSection(Section):
    """Keys and values of earlier prompts, for prompts that begin the same way."""

    model_config = RELOAD

    bytes: Text = Field(
        "2GiB",
        description="How much memory it may take: a number with MB, GB, MiB or GiB; 0 for no cache.",
        examples=["512MiB", "2GiB", "0"],
        json_schema_extra={"pattern": SIZE_PATTERN},
    )
    entries: int = Field(
        16, ge=0, description="How many prompts it may hold; 0 for no cache.", examples=[16, 64]
    )
    path: Text | None = Field(
        None,
        description="A folder to keep them in too, so that they are there after a restart. They are written "
        "when the model has had nothing to do for half a minute, and when it leaves memory; the files hold "
        "what was asked, and only the user may read them. Without it, they are in memory alone.",
        examples=["./cache", "~/.cache/mlxk"],
    )
    disk_bytes: Text = Field(
        "10GiB",
        description="How large the folder's files may be: a number with MB, GB, MiB or GiB. What was not "
        "used for longest is removed. Several models may share a folder.",
        examples=["2GiB", "50GB"],
        json_schema_extra={"pattern": SIZE_PATTERN},
    )


class EngineSection(Section):
    """How the model is run."""

    model_config = RELOAD

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
        examples=[{"bytes": "512MiB", "entries": 8}, {"path": "./cache"}],
    )
    kv_bits: Literal[2, 3, 4, 6, 8] | None = Field(
        None,
        description="Keep keys and values in this many bits, which takes a half (8) or a quarter (4) of the "
        "memory, and some accuracy. Without it, as the model computes them. Models whose attention cannot "
        "work on them are refused.",
        examples=[8, 4],
    )
    kv_group_size: Literal[32, 64, 128] = Field(
        64,
        description="How many numbers share a scale; the width of the model's heads must be a multiple.",
        examples=[64, 32],
    )
    quantized_kv_start: int = Field(
        0,
        ge=0,
        description="The first so many tokens of a conversation are kept as they are; a conversation that "
        "grows longer is quantised as a whole.",
        examples=[0, 5000],
    )
    isolation: Literal["process", "thread"] | None = Field(
        None,
        description="Where the model runs. Without it, `process` in `mlxk up` and `thread` in `run` and "
        "`chat`.",
        examples=["process"],
        json_schema_extra=choices(
            {
                "process": "In a process of its own: when it crashes it is started again, and when it ends "
                "all of its memory is free.",
                "thread": "In the process of the command: it starts sooner, and a crash takes everything "
                "along.",
            }
        ),
    )
