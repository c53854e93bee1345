"""`engine`: how the model is run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from mlxk.config.notation import SIZE, pattern
from mlxk.config.schema.section import RELOAD, Section, Text, choices


class PromptCacheSection(Section):
    """Keys and values of earlier prompts, for prompts that begin the same way."""

    model_config = RELOAD

    bytes: Text = Field(
        "2GiB",
        description="How much memory it may take: a number with MB, GB, MiB or GiB; 0 for no cache.",
        examples=["512MiB", "2GiB", "0"],
        json_schema_extra={"pattern": pattern(SIZE)},
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
        json_schema_extra={"pattern": pattern(SIZE)},
    )


class HostSection(Section):
    """A machine of several, as MLX's launcher knows it."""

    ssh: Text = Field(
        description="What ssh calls it. `127.0.0.1` is this machine, where no ssh is needed.",
        examples=["127.0.0.1", "studio.local", "admin@studio"],
        json_schema_extra={"pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.@:-]*$"},
    )
    ips: list[Text] = Field(
        default_factory=list,
        description="The addresses at which the other machines reach it; with `ring`, one for each cable.",
        examples=[["192.168.1.10"]],
    )
    rdma: list[Text | None] = Field(
        default_factory=list,
        description="With `jaccl`, its device towards each of the hosts in their order, and null for itself.",
        examples=[[None, "rdma_en2"]],
    )


AnyHost = Annotated[
    Annotated[Text, Tag("<address>")] | Annotated[HostSection, Tag("<host>")],
    Discriminator(lambda value: "<host>" if isinstance(value, dict | HostSection) else "<address>"),
]


class DistributedSection(Section):
    """One model over several processes, on this machine or on several: MLX's ranks."""

    model_config = RELOAD

    hosts: list[AnyHost] = Field(
        min_length=2,
        description="Where the ranks run, one for each entry; the first is on this machine and answers. An "
        "address, or what `mlx.distributed_config` finds out. Every machine needs mlxk and the model, at the "
        "same places or in its Hugging Face cache, and is reached by ssh without a password.",
        examples=[
            ["127.0.0.1", "127.0.0.1"],
            [{"ssh": "127.0.0.1", "ips": ["10.0.0.1"]}, {"ssh": "studio.local", "ips": ["10.0.0.2"]}],
        ],
    )
    backend: Literal["ring", "jaccl", "jaccl-ring", "nccl"] = Field(
        "ring",
        description="How the ranks talk to each other.",
        examples=["jaccl"],
        json_schema_extra=choices(
            {
                "ring": "Over TCP, on any network.",
                "jaccl": "Over RDMA between Macs with Thunderbolt 5, each connected to each.",
                "jaccl-ring": "The same between Macs that are connected in a ring.",
                "nccl": "Between NVIDIA GPUs.",
            }
        ),
    )
    mode: Literal["tensor", "pipeline"] = Field(
        "tensor",
        description="How the model is divided.",
        examples=["pipeline"],
        json_schema_extra=choices(
            {
                "tensor": "Every rank computes a part of every layer: faster, and more to talk about.",
                "pipeline": "Every rank has some of the layers: needs less of the network.",
            }
        ),
    )
    port: int | None = Field(
        None,
        ge=1024,
        le=65000,
        description="The first of the ports that the ranks use among themselves, one for each address and "
        "one more. Without it, free ones on this machine alone, and from 32323 on between several; two such "
        "models at a time need different ones.",
        examples=[32323],
    )
    python: Text | None = Field(
        None,
        description="The Python interpreter with mlxk, on every machine. Without it, the path of this one.",
        examples=["/opt/mlxk/bin/python"],
        json_schema_extra={"pattern": "^/"},
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
    distributed: DistributedSection | None = Field(
        None,
        description="Run one model over several processes, on this machine or on several.",
        examples=[{"hosts": ["127.0.0.1", "127.0.0.1"]}],
    )
