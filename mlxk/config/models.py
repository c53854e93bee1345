"""Several models in one profile: each entry of `models` as a resolved profile of its own.

Low to high for an entry: what a single profile has below it; the file's own settings; what the entry
extends; `defaults`; the entry; `mlxk.yaml` overrides for its model; the variant; the environment and flags.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlxk.config import merged
from mlxk.config.diagnostics import Diagnostic, InvalidProfile, nearest
from mlxk.config.discovery import Found
from mlxk.config.gathering import Layer, Workspace, gather
from mlxk.config.layers import Items, Scalar, Table, lookup, merge_tables, plain
from mlxk.config.resolution import (
    GenerationConfig,
    Resolved,
    matching_overrides,
    model_reference,
    with_model_layers,
)
from mlxk.config.schema import Profile

_MODEL_LAYERS = ("defaults", "generation_config.json")
_TOP = ("environment", "--set", "flags")
_OF_THE_WHOLE = ("models", "defaults", "memory", "model", "variants", "description", "aliases")
_NOT_EXTENDED = ("server", "log", "memory", "models", "defaults", "description", "aliases", "variants")

_Layers = list[tuple[str, Table]]


def resolve_models(
    resolved: Resolved,
    *,
    isolated: bool = False,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    generation_config: GenerationConfig | None = None,
) -> dict[str, Resolved]:
    """Everything that a profile serves, by name, variants of entries among them.

    A profile of one model serves itself. Raises `InvalidProfile` with all that is wrong in all entries.
    """
    if not resolved.profile.models:
        return {resolved.name: resolved}
    workspace = Workspace(
        Path(os.path.abspath(cwd or Path.cwd())), os.environ if environ is None else environ, isolated
    )
    repository = workspace.repository_layers()
    entries = Entries(workspace, resolved.layers, repository, workspace.catalogue(repository))
    found: dict[str, Resolved] = {}
    for name, layers in entries:
        full = with_model_layers(layers, generation_config, workspace)
        tables = [table for _, table in full]
        wrong = merged.problems(tables)
        workspace.problems.extend(wrong)
        if not wrong:
            tree = merged.whole(tables)
            profile = Profile.model_validate(plain(tree))
            found[name] = Resolved(name, profile, tree, tuple(full), resolved.files, ())
    if workspace.errors:
        raise InvalidProfile(workspace.errors)
    return found


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a profile's layers; iterating gives each served name with its layers."""

    workspace: Workspace
    layers: Sequence[tuple[str, Table]]
    repository: Sequence[Layer]
    catalogue: Sequence[Found]

    def __iter__(self) -> Iterator[tuple[str, _Layers]]:
        models = lookup(merge_tables(table for _, table in self.layers), ("models",))
        for name in models.entries if isinstance(models, Table) else ():
            if isinstance(lookup(models, (name,)) if models else None, Table):
                yield from self._served(name)

    def _served(self, name: str) -> Iterator[tuple[str, _Layers]]:
        own = self._parts(("models", name))
        bottom = [
            (label, merged.without(table, *_OF_THE_WHOLE))
            for label, table in self.layers
            if label not in (*_MODEL_LAYERS, *_TOP)
        ]
        bottom += self._extended(merge_tables(table for _, table in own))
        bottom += self._parts(("defaults",))
        bottom += [(label, merged.without(table, "extends")) for label, table in own]
        top = [
            (label, merged.without(table, *_OF_THE_WHOLE)) for label, table in self.layers if label in _TOP
        ]
        bottom += matching_overrides(self.repository, model_reference(bottom, top))
        variants = merged.variants(table for _, table in bottom)
        bottom = [(label, merged.settings(table)) for label, table in bottom]
        yield name, [*bottom, *top]
        for variant, table in variants.items():
            named = merged.without(merge_tables(table for _, table in bottom), "aliases")
            over = (f"variant {variant}", table)
            yield variant, [("models", named), over, *top]

    def _parts(self, path: tuple[str, ...]) -> _Layers:
        return [
            (f"{label} {'.'.join(path)}", node)
            for label, table in self.layers
            if label not in _MODEL_LAYERS and isinstance(node := lookup(table, path), Table)
        ]

    def _extended(self, entry: Table) -> _Layers:
        listed = lookup(entry, ("extends",))
        names = listed.items if isinstance(listed, Items) else ()
        known = {item.name: item.path for item in self.catalogue}
        found: _Layers = []
        for item in names:
            if not isinstance(item, Scalar) or not isinstance(item.value, str):
                continue
            if item.value in known:
                gathered = gather(self.workspace, known[item.value], self.catalogue)
                found += [(layer.label, merged.without(layer.settings, *_NOT_EXTENDED)) for layer in gathered]
                continue
            best = nearest(item.value, known)
            hint = f"did you mean `{best}`?" if best else "mlxk profiles lists what there is"
            message = "`extends` names a profile that is not there"
            self.workspace.problems.append(Diagnostic("E301", message, item.origin, hint))
        return found
