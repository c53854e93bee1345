"""`mlxk validate`: every error of every file, and nothing is started."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.stdin import STDIN
from mlxk.config import catalogue, project_files, validate_files
from mlxk.config.diagnostics import FORMATTERS, Format
from mlxk.errors import UsageError


def validate(
    *files: Annotated[Path, Parameter(name="files")],
    format_: Annotated[Format, Parameter(name="--format")] = "human",
) -> int:
    """Check profiles: every error with file, line and column.

    Example: mlxk validate profiles/*.yaml

    Parameters
    ----------
    files
        Profiles, mlxk.yaml or config.yaml. Without any: those of this project, or those that ship.
    format_
        human (default), json for programs, github for annotations in a workflow.
    """
    if Path(STDIN) in files:
        raise UsageError("validate reads files, not standard input", hint="mlxk validate FILE")
    paths = list(files) or _project_files()
    if not paths:
        raise UsageError("there is no profile to check", hint="name files: mlxk validate profiles/*.yaml")
    found = validate_files(paths)
    report = FORMATTERS[format_](found)
    if report:
        print(report)
    errors = sum(item.severity == "error" for item in found)
    if format_ == "human":
        print(f"{len(paths)} file{'s' * (len(paths) != 1)} checked: {_count(errors)}", file=sys.stderr)
    return 1 if errors else 0


def _count(errors: int) -> str:
    return "all valid" if not errors else f"{errors} error{'s' * (errors != 1)}"


def _project_files() -> list[Path]:
    return project_files() or [item.path for item in catalogue() if item.where == "shipped"]
