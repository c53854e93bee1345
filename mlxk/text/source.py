"""Where a model's chat templates are: files beside the tokenizer, its config, or the profile."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlxk.errors import ModelError, ProfileError
from mlxk.text.template import FALLBACK

_DEFAULT, _FOR_TOOLS, _FALLBACK = "default", "tool_use", "fallback"


@dataclass(frozen=True, slots=True)
class TemplateSources:
    """The templates in use, by name; which one an ordinary chat takes and which one with tools."""

    by_name: Mapping[str, str]
    default: str
    for_tools: str
    warnings: tuple[str, ...] = ()

    @property
    def is_fallback(self) -> bool:
        """Whether the model has none of its own."""
        return self.default == _FALLBACK


def template_sources(path: Path, config: Mapping[str, Any], wanted: str | None) -> TemplateSources:
    """The templates that a chat may use.

    `wanted` is the profile's: a path to a .jinja file, or the name of one of the model's templates. Without
    it, the model's default and, for chats with tools, its `tool_use`. Files win over the config's list.
    Raises `ProfileError` for a name or path that is not there.
    """
    if wanted is not None and wanted.endswith((".jinja", ".jinja2", ".j2")):
        return TemplateSources({wanted: _wanted_file(Path(wanted).expanduser())}, wanted, wanted)
    found = _model_templates(path, config)
    if wanted is not None:
        if wanted not in found:
            near = difflib.get_close_matches(wanted, found, 1)
            names = ", ".join(found) or "none"
            raise ProfileError(
                f"model.chat_template: the model has no chat template named {wanted!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"it has: {names}; or name a .jinja file",
                param="model.chat_template",
            )
        return TemplateSources({wanted: found[wanted]}, wanted, wanted)
    if not found:
        warning = "the model has no chat template: a plain Human/Assistant one is used"
        return TemplateSources({_FALLBACK: FALLBACK}, _FALLBACK, _FALLBACK, (warning,))
    default = _DEFAULT if _DEFAULT in found else next(iter(found))
    for_tools = _FOR_TOOLS if _FOR_TOOLS in found else default
    return TemplateSources({name: found[name] for name in {default: 0, for_tools: 0}}, default, for_tools)


def _model_templates(path: Path, config: Mapping[str, Any]) -> dict[str, str]:
    declared = config.get("chat_template")
    found: dict[str, str] = {}
    if isinstance(declared, str):
        found[_DEFAULT] = declared
    elif isinstance(declared, list):
        found = {str(item["name"]): str(item["template"]) for item in declared if isinstance(item, Mapping)}
    elif isinstance(declared, Mapping):
        found = {str(name): str(text) for name, text in declared.items()}
    file = path / "chat_template.jinja"
    if file.is_file():
        found[_DEFAULT] = _read(file)
    for extra in sorted((path / "additional_chat_templates").glob("*.jinja")):
        found[extra.stem] = _read(extra)
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the chat template {file.name} cannot be read: {error}", hint="download the model again"
        ) from error


def _wanted_file(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            f"model.chat_template: {file} cannot be read: {error}",
            hint="name a .jinja file or one of the model's own templates",
            param="model.chat_template",
        ) from error
