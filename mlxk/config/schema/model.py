"""`model`: which model it is, and what of it is used."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mlxk.config.schema.section import RELOAD, TAKES_EFFECT, Section, Text


def model_table(reference: str) -> dict[str, str]:
    """What a plain string under `model` is short for."""
    if reference.startswith(("./", "../", "/", "~")) or reference in (".", ".."):
        return {"path": reference}
    repo, _, revision = reference.partition("@")
    return {"repo": repo, "revision": revision} if revision else {"repo": reference}


def model_shorthand(value: Any) -> Any:
    return model_table(value) if isinstance(value, str) else value


# A repository on the Hub, or a model inside this package.
REFERENCE = r"^(builtin:[a-z0-9_-]+|[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)?)$"


class ModelVariant(Section):
    """The parts of `model` that may differ over the same weights."""

    model_config = RELOAD

    chat_template: Text | None = Field(
        None,
        description="A .jinja file, relative to the file that says so, or the name of one of the model's own "
        "templates. Without it, the model's default template.",
        examples=["./templates/chat.jinja", "harmony", "tool_use"],
        json_schema_extra={TAKES_EFFECT: "live"},
    )
    adapter: Text | None = Field(
        None,
        description="A folder with a LoRA or DoRA adapter as mlx-lm trains it (adapter_config.json and "
        "adapters.safetensors), relative to the file that says so. In `mlxk up`, adapters over the same "
        "weights share them.",
        examples=["./adapters/sql"],
    )


class DraftSection(Section):
    """A small model of the same family that guesses ahead."""

    model_config = RELOAD

    repo: Text | None = Field(
        None,
        description="A repository on the Hugging Face Hub with a small model of the same vocabulary.",
        examples=["mlx-community/Qwen3-0.6B-4bit"],
        json_schema_extra={"pattern": REFERENCE},
    )
    path: Text | None = Field(
        None,
        description="Its folder on this machine, relative to the file that says so. Instead of `repo`.",
        examples=["./models/qwen3-0.6b"],
    )
    revision: Text | None = Field(
        None, description="Branch, tag or commit of the draft's `repo`.", examples=["main"]
    )
    tokens: int = Field(3, ge=1, le=32, description="How many tokens to guess at a time.", examples=[2, 4])


class ModelOverride(ModelVariant):
    """The parts of `model` that an override may change; which model it is stays the profile's business."""

    revision: Text | None = Field(
        None,
        description="Branch, tag or commit of `repo`. A commit makes runs reproducible.",
        examples=["main", "v1.0"],
    )
    tokenizer: Text | None = Field(
        None,
        description="Another tokenizer than the model's own: a repository, or a folder if it starts with ./, "
        "../, / or ~, relative to the file that says so. Its chat template comes with it, if it has one.",
        examples=["Qwen/Qwen3-4B", "./tokenizers/fixed"],
    )
    draft: DraftSection | None = Field(
        None,
        description="Speculative decoding: a small model guesses a few tokens ahead, and the model checks "
        "them in one pass. The answer is the same, and comes faster where guesses are often right. It works "
        "while one request is decoded alone, without constraint or reasoning budget; other requests are "
        "decoded as ever.",
        examples=[{"repo": "mlx-community/Qwen3-0.6B-4bit", "tokens": 3}],
    )
    trust_remote_code: bool = Field(
        False,
        description="Let the model run Python code that comes with it, in its architecture (`model_file`) or "
        "its tokenizer. Only for models whose authors you trust with your machine.",
        examples=[False, True],
    )


class ModelSection(ModelOverride):
    """Which model. A plain string is short for `repo`, or for `path` if it starts with ./, ../, / or ~;
    `org/name@revision` names a revision too."""

    repo: Text | None = Field(
        None,
        description="A repository on the Hugging Face Hub, or `builtin:demo` for the model inside this "
        "package.",
        examples=["mlx-community/Qwen3-4B-Instruct-2507-4bit", "builtin:demo"],
        json_schema_extra={"pattern": REFERENCE},
    )
    path: Text | None = Field(
        None,
        description="A model folder on this machine, relative to the file that says so. Instead of `repo`.",
        examples=["./models/my-finetune", "~/models/qwen3-4b"],
    )
