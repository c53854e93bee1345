"""`schemas/*.v1.json`: JSON Schema (draft 2020-12) for editors, generated from the pydantic models.

pydantic describes the resolved values. Files may say more: `null` unsets, `key+:` appends, `x-…` is the
user's own, `${…}` stands for any scalar, and some keys have a short form; all of that is added here, so
that an editor flags what `mlxk validate` flags and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from mlxk.config.effects import SENTENCES, Effect
from mlxk.config.files import FIXED_LISTS, ProfileFile, RepositoryFile
from mlxk.config.schema.section import TAKES_EFFECT

JsonSchema = dict[str, Any]
SchemaName = Literal["profile", "repository"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_INTERPOLATED: JsonSchema = {"type": "string", "pattern": r"\$\{(env|file):"}
_UNSET: JsonSchema = {"type": "null"}
_OWN_KEYS = {"^x-": True}
_ANNOTATIONS = ("title", "description", "default", "examples", TAKES_EFFECT)
_SCALARS = ("number", "integer", "boolean")

_MODELS: Mapping[SchemaName, tuple[type[BaseModel], str]] = {
    "profile": (ProfileFile, "mlxk profile"),
    "repository": (RepositoryFile, "mlxk.yaml"),
}

# Short forms: definition and key, and what else may stand there.
_SHORT_FORMS: Mapping[tuple[str, str], JsonSchema] = {
    ("ProfileFile", "model"): {"type": "string", "minLength": 1},
    ("ProfileFile", "extends"): {"type": "string", "minLength": 1},
    ("ModelEntry", "model"): {"type": "string", "minLength": 1},
    ("ModelEntry", "extends"): {"type": "string", "minLength": 1},
    ("ProfileFile", "include"): {"type": "string", "minLength": 1},
}
# Keys of which a mapping may set only one.
_EXCLUSIVE: Mapping[str, tuple[str, str]] = {
    "ModelSection": ("repo", "path"),
    "ReasoningSection": ("format", "markers"),
    "ToolsSection": ("format", "markers"),
}
# Said once for the file, never unset.
_FIXED = ("mlxk",)
# About the file rather than about what is served.
_ABOUT = (*_FIXED, "requires", "extends", "include", "profiles", "overrides", "description")


def generate(name: SchemaName) -> JsonSchema:
    """The schema of one kind of file."""
    model, title = _MODELS[name]
    raw = model.model_json_schema(by_alias=True, mode="validation")
    raw_definitions = raw.pop("$defs")
    meanings = {key: value.get("description", "") for key, value in raw_definitions.items()}
    definitions = {key: _object(key, value, meanings) for key, value in raw_definitions.items()}
    root = _object(model.__name__, raw, meanings)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:mlxk:schema:{name}:v1",
        "title": title,
        "description": root.pop("description"),
        **{key: value for key, value in root.items() if key != "title"},
        "$defs": dict(sorted(definitions.items())),
    }


def dumps(schema: JsonSchema) -> str:
    """As the files under `schemas/` are written."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _object(name: str, raw: JsonSchema, meanings: Mapping[str, str]) -> JsonSchema:
    properties: JsonSchema = {}
    usual: Effect = raw.get(TAKES_EFFECT, "live")
    for key, value in raw.get("properties", {}).items():
        # pydantic leaves a description out that is also the section's.
        meaning = meanings.get(str(value.get("$ref", "")).rpartition("/")[2])
        told = {"description": meaning, **value}
        if key not in _ABOUT and ("$ref" not in value or TAKES_EFFECT in value):
            told = _with_effect(told, value.get(TAKES_EFFECT, usual))
        properties[key] = _property(name, key, told)
        if _is_list(properties[key]) and key not in FIXED_LISTS:
            properties[f"{key}+"] = _appending(key, properties[key])
    described = {**raw, "properties": properties, "patternProperties": _OWN_KEYS}
    if name in _EXCLUSIVE:
        described["not"] = _both(_EXCLUSIVE[name])
    return described


def _with_effect(raw: JsonSchema, effect: Effect) -> JsonSchema:
    """Said in words too, because editors show nothing else."""
    return {**raw, "description": f"{raw['description']} {SENTENCES[effect]}", TAKES_EFFECT: effect}


def _both(keys: Sequence[str]) -> JsonSchema:
    return {"required": list(keys), "properties": {key: {"not": _UNSET} for key in keys}}


def _property(name: str, key: str, raw: JsonSchema) -> JsonSchema:
    """One key: what pydantic allows, its short form, `${…}` where it is a scalar, and `null`."""
    notes = {label: raw[label] for label in _ANNOTATIONS if raw.get(label) is not None} | {"title": key}
    if key in _FIXED:
        return {**raw, **notes}
    core = {label: value for label, value in raw.items() if label not in _ANNOTATIONS}
    arms = [_arm(arm) for arm in _alternatives(core)]
    arms += [_SHORT_FORMS[name, key]] if (name, key) in _SHORT_FORMS else []
    arms += [_INTERPOLATED] if any(_is_scalar(arm) for arm in arms) else []
    return {**notes, "anyOf": [*arms, _UNSET]}


def _alternatives(core: JsonSchema) -> list[JsonSchema]:
    """pydantic's arms without `null`; what stands beside `anyOf` (enumDescriptions) goes into the arm."""
    beside = {label: value for label, value in core.items() if label != "anyOf"}
    arms = core.get("anyOf", [{}])
    return [{**arm, **beside} for arm in arms if arm != _UNSET]


def _arm(arm: JsonSchema) -> JsonSchema:
    """A mapping's values may be unset too, and its `x-` keys are free."""
    if arm.get("type") != "object":
        return arm
    values = arm.get("additionalProperties")
    if not isinstance(values, dict):
        return {**arm, "patternProperties": _OWN_KEYS}
    scalar = [_INTERPOLATED] if _is_scalar(values) else []
    return {
        **arm,
        "additionalProperties": {"anyOf": [values, *scalar, _UNSET]},
        "patternProperties": _OWN_KEYS,
    }


def _is_scalar(arm: JsonSchema) -> bool:
    return arm.get("type") in _SCALARS or "enum" in arm or "const" in arm or "pattern" in arm


def _is_list(property_schema: JsonSchema) -> bool:
    return any(arm.get("type") == "array" for arm in property_schema.get("anyOf", []))


def _appending(key: str, replacing: JsonSchema) -> JsonSchema:
    arms = [arm for arm in replacing["anyOf"] if arm.get("type") == "array"]
    description = f"Appended to the inherited `{key}`. {replacing['description']}"
    examples = [item for item in replacing.get("examples", []) if isinstance(item, list)]
    return {
        "title": f"{key}+",
        "description": description,
        **({"examples": examples} if examples else {}),
        **({TAKES_EFFECT: replacing[TAKES_EFFECT]} if TAKES_EFFECT in replacing else {}),
        **arms[0],
    }
