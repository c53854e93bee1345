"""Finding one's way in the schema by key path, without a value at hand."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@cache
def fields(section: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a section by the name that a profile writes."""
    return {info.alias or name: info for name, info in section.model_fields.items()}


def core(annotation: Any) -> Any:
    """The annotation without `Annotated` and without `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [arm for arm in get_args(annotation) if arm is not type(None)]
        return core(rest[0]) if len(rest) == 1 else annotation
    return annotation


def as_section(annotation: Any) -> type[BaseModel] | None:
    """The section that the annotation is, if it is one."""
    inner = core(annotation)
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def child(annotation: Any, segment: str | int) -> Any:
    """The annotation one step down; `None` where the schema has no such place."""
    inner = core(annotation)
    section = as_section(inner) or _section_among(inner)
    if section is not None:
        info = fields(section).get(str(segment))
        return info.annotation if info is not None else None
    if get_origin(inner) is dict:
        return get_args(inner)[1]
    if get_origin(inner) is list:
        return get_args(inner)[0]
    return Any if inner is Any else None


def _section_among(annotation: Any) -> type[BaseModel] | None:
    """The one section that a choice between text and a mapping has."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return None
    sections = [section for arm in get_args(annotation) if (section := as_section(arm)) is not None]
    return sections[0] if len(sections) == 1 else None


def at(annotation: Any, path: Sequence[str | int]) -> Any:
    """The annotation at `path`; `None` where the schema has no such place."""
    for segment in path:
        annotation = child(annotation, segment)
        if annotation is None:
            return None
    return annotation


def keys(annotation: Any) -> list[str]:
    """The names that may stand at this place, if it is a section."""
    section = as_section(annotation) or _section_among(core(annotation))
    return list(fields(section)) if section is not None else []


def values(annotation: Any) -> tuple[object, ...]:
    """The values of a choice; empty for anything else."""
    inner = core(annotation)
    return get_args(inner) if get_origin(inner) is Literal else ()


def is_text(annotation: Any) -> bool:
    """Whether a scalar that stands here is text."""
    inner = core(annotation)
    if _section_among(inner) is not None:
        return any(is_text(arm) for arm in get_args(inner))
    if get_origin(inner) is Literal:
        return all(isinstance(value, str) for value in get_args(inner))
    return inner is str


def is_whole(annotation: Any, number: float) -> bool:
    """Whether a whole number stands here, of which JSON schema's 20.0 is one."""
    inner = core(annotation)
    if get_origin(inner) is Literal:
        return any(type(value) is int and value == number for value in get_args(inner))
    arms = get_args(inner) if get_origin(inner) in (Union, types.UnionType) else (inner,)
    return int in arms and float not in arms


def is_list(annotation: Any) -> bool:
    return get_origin(core(annotation)) is list
