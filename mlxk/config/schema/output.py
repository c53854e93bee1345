"""`output`: what an answer must look like."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mlxk.config.schema.section import Section, Text


def _schema_document(value: Any) -> Any:
    """A JSON schema as a mapping; JSON text, as `${file:…}` gives it, is read."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"the schema is not JSON: {error}") from error
    if value is not None and not isinstance(value, dict):
        raise ValueError("a JSON schema must be a mapping, or the text of a JSON object")
    return value


class OutputSection(Section):
    """What the answer must look like, unless a request says so itself; reasoning stays free."""

    json_schema: Annotated[Any, AfterValidator(_schema_document)] = Field(
        None,
        description="The answer is JSON under this schema: a mapping, or a file's text. What cannot "
        "be enforced is refused by its name.",
        examples=["${file:schemas/invoice.json}", {"type": "object", "required": ["total"]}],
        json_schema_extra={"type": ["object", "string", "null"]},
    )
    regex: Text | None = Field(
        None,
        description="The whole answer matches this regular expression, without look-around and "
        "back-references. Instead of `json_schema`.",
        examples=["(yes|no)", "[A-Z]{3}-[0-9]{4}"],
    )
    grammar: Text | None = Field(
        None,
        description="The answer follows this Lark grammar (llguidance's dialect). Instead of `json_schema`.",
        examples=['start: "yes" | "no"', "${file:grammars/sql.lark}"],
    )
