"""From a name to a resolved profile: all layers, one merge, one check.

Low to high: built-in defaults; the model's generation_config.json; the user file; what the profile extends
and includes; the profile; `mlxk.yaml` overrides, broad to exact; `mlxk.local.yaml` overrides; the variant;
`MLXK_*`; `--set`; flags.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlxk.config import discovery, environment, merged
from mlxk.config.arguments import flag_layer, set_layer
from mlxk.config.defaults import defaults_layer
from mlxk.config.diagnostics import Diagnostic, InvalidProfile, nearest
from mlxk.config.discovery import Found
from mlxk.config.fitting import fit_text
from mlxk.config.gathering import gather
from mlxk.config.generation_config import generation_layer
from mlxk.config.layers import NamedLayer, merge_tables, settle
from mlxk.config.origins import DEFAULT
from mlxk.config.overrides import matching_overrides, model_reference
from mlxk.config.resolved import Resolved
from mlxk.config.schema import ModelSection, Profile
from mlxk.config.short_forms import expand
from mlxk.config.validation import check
from mlxk.config.values import Table, lookup, plain
from mlxk.config.workspace import Layer, Workspace
from mlxk.errors import ProfileNotFound, UsageError

GenerationConfig = Callable[[ModelSection], Mapping[str, Any]]


def resolve(
    source: str | Path | None = None,
    *,
    model: str | None = None,
    sets: Sequence[str] = (),
    flags: Mapping[str, object] | None = None,
    typed: Sequence[str] = (),
    variant: str | None = None,
    isolated: bool = False,
    looks: bool = False,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    generation_config: GenerationConfig | None = None,
) -> Resolved:
    """Resolve a profile (`source`: its name or file) or a bare `model` reference; exactly one of the two.

    `flags` are typed values by dotted key, each a `Flag` or a plain value. `typed` is what a person said in a
    chat, by `/set`, over everything else; it is written as `sets` are. `generation_config` gives the
    model's own generation_config.json once the model is known. Where the caller only `looks`, and starts
    nothing, what untrusted files ask for is a warning. Raises `InvalidProfile` with all that is
    wrong in all files, `ProfileNotFound`, or `UsageError`.
    """
    if (source is None) == (model is None):
        raise UsageError("name either a profile or a model", hint="mlxk profiles lists the profiles")
    workspace = Workspace.at(cwd, environ, isolated=isolated, looks=looks)
    repository = workspace.repository_layers()
    user = workspace.user_layer()
    name, profile_layers = _profile(source, repository, workspace) if source is not None else (str(model), [])
    files = [*([user] if user is not None else []), *profile_layers]
    bottom = [(layer.label, layer.settings) for layer in files]
    if model is not None:
        bottom.append(("model argument", set_layer([f"model={json.dumps(model)}"], workspace, name="model")))
    top = [*_top(sets, flags or {}, workspace), ("/set", set_layer(typed, workspace, name="/set"))]
    _refuse_wrong(workspace, bottom, top)

    layers = [*bottom, *matching_overrides(repository, model_reference(bottom, top))]
    layers += _variant(layers, variant)
    layers = [(layer_name, merged.settings(table)) for layer_name, table in [*layers, *top]]
    layers = with_model_layers(layers, generation_config, workspace)
    tree = settled([table for _, table in layers])
    workspace.settle_trust()
    return Resolved(
        name=name if variant is None else f"{name}:{variant}",
        profile=Profile.model_validate(plain(tree)),
        tree=tree,
        layers=tuple(layers),
        files=tuple(layer.label for layer in [*repository, *files]),
        warnings=tuple(item.line for item in workspace.problems),
        variants=tuple(merged.variants(table for _, table in bottom)),
        read=frozenset(workspace.read),
    )


def _profile(
    source: str | Path, repository: Sequence[Layer], workspace: Workspace
) -> tuple[str, list[Layer]]:
    """The profile's name, and the layers of its files."""
    catalogue = workspace.catalogue(repository)
    path = find(source, catalogue, workspace)
    return path.stem, gather(workspace, path, catalogue)


def _top(sets: Sequence[str], flags: Mapping[str, object], workspace: Workspace) -> list[NamedLayer]:
    """The layers over all files."""
    return [
        *_environment(workspace),
        ("--set", set_layer(sets, workspace)),
        ("flags", flag_layer(flags, workspace)),
    ]


def _refuse_wrong(workspace: Workspace, bottom: list[NamedLayer], top: list[NamedLayer]) -> None:
    """Raises `InvalidProfile` with all that is wrong in the layers by themselves, and what that shows."""
    _check_outer(workspace, bottom, top)
    if workspace.errors:
        tables = [table for _, table in [*bottom, *top]]
        raise InvalidProfile([*workspace.errors, *merged.problems(tables, workspace.errors)])


def settled(tables: Sequence[Table]) -> Table:
    """The merged tree of sound layers; raises `InvalidProfile` where they do not go together."""
    wrong = merged.problems(tables)
    if wrong:
        raise InvalidProfile(wrong)
    return merged.whole(tables)


def find(source: str | Path, catalogue: Sequence[Found], workspace: Workspace) -> Path:
    """The file of the profile that `-p` names; raises `ProfileNotFound` with the nearest name."""
    if isinstance(source, Path) or discovery.is_file_reference(source):
        path = workspace.absolute(source)
        if os.path.exists(path) or path.is_symlink():
            return path
        raise ProfileNotFound(
            f"there is no profile file {workspace.label(path)}", hint="mlxk profiles lists what there is"
        )
    found = {item.name: item.path for item in catalogue}
    if source in found:
        return found[source]
    best = nearest(source, found)
    files = (source + suffix for suffix in discovery.SUFFIXES)
    beside = next((name for name in files if os.path.exists(workspace.cwd / name)), None)
    if beside is not None:
        hint = f"for the file in this folder: -p ./{beside}"
    else:
        hint = f"did you mean `{best}`?" if best else "mlxk profiles lists what there is"
    raise ProfileNotFound(f"there is no profile `{source}`", hint=hint)


def _environment(workspace: Workspace) -> list[NamedLayer]:
    layer = environment.read(workspace.environ)
    workspace.problems.extend(layer.problems)
    for name in layer.unknown:
        if name not in workspace.interpolated:
            workspace.problems.append(Diagnostic("W002", environment.warning(name)))
    table = workspace.with_absolute_paths(fit_text(expand(layer.table), Profile))
    return [("environment", table)]


def _check_outer(workspace: Workspace, bottom: list[NamedLayer], top: list[NamedLayer]) -> None:
    """What came from outside the files; those were checked when they were read."""
    below = [table for _, table in bottom]
    for _, table in top:
        workspace.problems.extend(merged.without_missing_model(check(table, Profile, below=below)))
        below.append(table)


def _variant(layers: list[NamedLayer], name: str | None) -> list[NamedLayer]:
    if name is None:
        return []
    variants = merged.variants(table for _, table in layers)
    if name in variants:
        return [(f"variant {name}", variants[name])]
    best = nearest(name, variants)
    known = f"its variants: {', '.join(variants)}" if variants else "it has no variants"
    raise ProfileNotFound(
        f"the profile has no variant `{name}`", hint=f"did you mean `{best}`?" if best else known
    )


def with_model_layers(
    layers: list[NamedLayer], generation_config: GenerationConfig | None, workspace: Workspace
) -> list[NamedLayer]:
    """The layers below all files: built-in defaults and what the model ships."""
    lowest: list[NamedLayer] = [("defaults", defaults_layer())]
    section = settle(merge_tables(table for _, table in layers))
    node = lookup(section, ("model",))
    if generation_config is not None and isinstance(node, Table):
        data = plain(node)
        if isinstance(data, dict) and not check(Table({"model": section.entries["model"]}, DEFAULT), Profile):
            values = generation_config(ModelSection.model_validate(data))
            table, ignored = generation_layer(values)
            lowest.append(("generation_config.json", table))
            workspace.problems.extend(ignored)
    return [*lowest, *layers]
