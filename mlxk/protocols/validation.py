"""Bodies from outside: a mapping to a pydantic model, problems to `RequestError`.

Every problem names its field as a path (`messages[1].content`), an unknown field its nearest known name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from mlxk.errors import RequestError, UnsupportedParameter
from mlxk.protocols.base import Json
from mlxk.requests import Unsupported

BodyT = TypeVar("BodyT", bound="Body")


class Body(BaseModel):
    """A JSON object of a request: nothing is coerced, nothing unknown is let through.

    `None` means that the caller did not say; clients send `null` for what they leave out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for name in data:
                if name not in known:
                    near = get_close_matches(name, known, n=1)
                    hint = f"Did you mean {near[0]}?" if near else None
                    message = f"Unrecognized request argument supplied: {name[:80]}"
                    raise problem(message, field=name[:80], hint=hint)
        return data


def problem(
    message: str, *, field: str | None = None, hint: str | None = None, unsupported: bool = False
) -> PydanticCustomError:
    """What a validator raises. `field` lies below the value that is validated."""
    context = {"message": message, "field": field, "hint": hint, "unsupported": unsupported}
    return PydanticCustomError("problem", "{message}", context)


def refuse(reason: str) -> BeforeValidator:
    """For `Annotated[None, refuse(…)]`: a field that is known, and that cannot be honoured."""

    def check(value: object) -> None:
        if value is not None:
            raise problem(reason, unsupported=True)

    return BeforeValidator(check)


def only(*accepted: object, reason: str) -> BeforeValidator:
    """A field of which these values, the ones that ask for nothing, can be honoured."""

    def check(value: object) -> object:
        if value is not None and not any(value == known and type(value) is type(known) for known in accepted):
            raise problem(reason, unsupported=True)
        return value

    return BeforeValidator(check)


@dataclass(frozen=True, slots=True)
class Spare:
    """For `Annotated`: a field that an answer can do without. It is honoured for the `neutral` values alone,
    which ask for nothing; the policy refuses others, or tells of them.
    """

    reason: str
    neutral: tuple[object, ...] = ()


def all_spared(bodies: Iterable[Body] | None, name: str) -> Iterator[Unsupported]:
    """The spare fields of the items of a list."""
    for index, body in enumerate(bodies or ()):
        yield from spared(body, f"{name}[{index}].")


def spared(body: Body, inside: str = "") -> Iterator[Unsupported]:
    """The spare fields that a body sets to what cannot be honoured, also those of its parts."""
    for name, known in type(body).model_fields.items():
        value = getattr(body, name)
        if value is None:
            continue
        for mark in known.metadata:
            if isinstance(mark, Spare) and value not in mark.neutral:
                yield Unsupported(f"{inside}{known.alias or name}", mark.reason)
        if isinstance(value, Body):
            yield from spared(value, f"{inside}{name}.")


def by(key: str) -> Discriminator:
    """Chooses the union member tagged `<x>` for a value of `{key: x}`."""

    return Discriminator(lambda value: tag_of(value, key))


def tag_of(value: object, key: str) -> str | None:
    """The tag of one value for `by`."""
    kind = value.get(key) if isinstance(value, dict) else getattr(value, key, None)
    return f"<{kind}>" if isinstance(kind, str) else None


def listed(value: object) -> object:
    """One string where a list of strings may stand."""
    return [value] if isinstance(value, str) else value


Strings = Annotated[list[str], BeforeValidator(listed, json_schema_input_type=str | list[str])]
# The messages between the server and its engines hold whole numbers of a machine's size.
Count = Annotated[int, Field(ge=0, lt=1 << 31)]


def validate(model: type[BodyT], body: Json) -> BodyT:
    """The body as a model; raises the first problem as `RequestError` or `UnsupportedParameter`."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise _request_error(error.errors(include_url=False)[0]) from None


def _request_error(details: ErrorDetails) -> RequestError:
    context = details.get("ctx", {})
    param = path(*details["loc"], *filter(None, [context.get("field")]))
    if details["type"] == "problem":
        kind = UnsupportedParameter if context["unsupported"] else RequestError
        return kind(context["message"], hint=context["hint"], param=param or None)
    if details["type"] == "missing":
        return RequestError(f"Missing required parameter: '{param}'.", param=param)
    message = details["msg"].replace("Input should", "it should").replace(" after validation", "")
    return RequestError(f"Invalid value for '{param}': {message}.", param=param or None)


def path(*loc: int | str) -> str:
    """`messages[1].content`. Names in <> are pydantic's marks of union members; `[key]` of mapping keys."""
    parts: list[str] = []
    for step in loc:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif not step.startswith("<") and step != "[key]":
            parts.append(f".{step}" if parts else step)
    return "".join(parts)
