"""`model`: which model it is, and what of it is used."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mlxk.config.schema.section import Section, Text


class ModelOverride(Section):
    """The parts of `model` that an override may change; which model it is stays the profile's business."""

    revision: Text | None = Field(
        None,
        description="Branch, tag or commit of `repo`. A commit makes runs reproducible.",
        examples=["main", "v1.0"],
    )
    chat_template: Text | None = Field(
        None,
        description="A .jinja file, relative to the file that says so, or the name of one of the model's own "
        "templates. Without it, the model's default template.",
        examples=["./templates/chat.jinja", "harmony", "tool_use"],
    )


class ModelSection(ModelOverride):
    """Which model. A plain string is short for `repo`, or for `path` if it starts with ./, ../, / or ~;
    `org/name@revision` names a revision too."""

    repo: Text | None = Field(
        None,
        description="A repository on the Hugging Face Hub, or `builtin:demo` for the model inside this "
        "package.",
        examples=["mlx-community/Qwen3-4B-Instruct-2507-4bit", "builtin:demo"],
        json_schema_extra={"pattern": r"^(builtin:[a-z0-9_-]+|[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)?)$"},
    )
    path: Text | None = Field(
        None,
        description="A model folder on this machine, relative to the file that says so. Instead of `repo`.",
        examples=["./models/my-finetune", "~/models/qwen3-4b"],
    )


def model_table(reference: str) -> dict[str, str]:
    """What a plain string under `model` is short for."""
    if reference.startswith(("./", "../", "/", "~")) or reference in (".", ".."):
        return {"path": reference}
    repo, _, revision = reference.partition("@")
    return {"repo": repo, "revision": revision} if revision else {"repo": reference}


def model_shorthand(value: Any) -> Any:
    return model_table(value) if isinstance(value, str) else value
