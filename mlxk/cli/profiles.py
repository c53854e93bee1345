"""`mlxk profiles`: what `-p` finds."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import Parameter

from mlxk.config import catalogue


def profiles(
    *,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    isolated: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """List the profiles that -p finds.

    Example: mlxk profiles --json

    Parameters
    ----------
    json_
        For programs.
    isolated
        Only those that ship with mlxk.
    """
    listed = catalogue(isolated=isolated)
    if json_:
        data = [
            {
                "name": item.name,
                "path": str(item.path),
                "where": item.where,
                "description": item.description,
            }
            for item in listed
        ]
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return 0
    width = max((len(item.name) for item in listed), default=0)
    for item in listed:
        print(f"{item.name:<{width}}  {item.where:<7}  {item.description}".rstrip())
    return 0
