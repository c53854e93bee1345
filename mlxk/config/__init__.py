"""The profile language: strict YAML with positions, layers with provenance, one schema.

`resolve` is the way in: a name or file, with everything that stands over and under it, becomes a `Resolved`
whose every value knows its origin. Pure functions; nothing here imports mlx, transformers or sanic.
"""

from mlxk.config.arguments import Flag
from mlxk.config.diagnostics import Diagnostic, InvalidProfile
from mlxk.config.discovery import Found
from mlxk.config.inspection import migrate_files, requests, validate_files
from mlxk.config.origins import Origin
from mlxk.config.projects import catalogue, project, project_files
from mlxk.config.resolution import resolve
from mlxk.config.resolved import Link, Resolved

__all__ = [
    "Diagnostic",
    "Flag",
    "Found",
    "InvalidProfile",
    "Link",
    "Origin",
    "Resolved",
    "catalogue",
    "migrate_files",
    "project",
    "project_files",
    "requests",
    "resolve",
    "validate_files",
]
