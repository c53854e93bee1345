"""`mlxk schema`: the JSON schema that editors use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlxk.config import jsonschema, schema_keys
from mlxk.config.diagnostics import suggestion
from mlxk.config.origins import parse_dotted
from mlxk.errors import UsageError


def schema(
    name: jsonschema.SchemaName = "profile",
    *,
    field: str | None = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Print the JSON schema that editors use.

    Example: mlxk schema profile --field sampling.top_p

    Parameters
    ----------
    name
        profile, or repository for mlxk.yaml.
    field
        Only the part for this key.
    output
        Write it to this file instead.
    """
    described = jsonschema.generate(name)
    if field is not None:
        described = _field(described, field)
    text = jsonschema.dumps(described)
    if output is None:
        print(text, end="")
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from error
    return 0


def _field(described: jsonschema.JsonSchema, name: str) -> jsonschema.JsonSchema:
    try:
        part = schema_keys.field(described, parse_dotted(name))
    except ValueError:
        part = None
    if part is None:
        raise UsageError(
            f"the schema has no key `{name}`", hint=suggestion(name, schema_keys.key_names(described))
        )
    return part
