"""The profile language: strict YAML with positions, layers with provenance, one schema.

`resolve` is the way in: a name or file, with everything that stands over and under it, becomes a `Resolved`
whose every value knows its origin. Pure functions; nothing here imports mlx, transformers or sanic.

A file's way through here: `discovery` finds it, `yaml` reads it as `values`, `interpolation` fills it in,
and `workspace` holds it against the `schema` (`validation`, `lint`) and makes it a layer; `gathering`
follows what it extends and includes. `resolution` merges the `layers` with those of `environment` and
`arguments`, holds the whole against the `rules` between keys, and gives what is `resolved`; `models` does
so for each of several. What a file asks for beyond a model's answers (`risks`) needs `consent`, which is
kept in `trust`. `inspection` looks at files without running them, `migration` and `assignments` rewrite
them, `jsonschema` is for editors.
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
