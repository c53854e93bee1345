"""Several models in one profile: each entry of `models` as a resolved profile of its own.

Low to high for an entry: what a single profile has below it; the file's own settings; what the entry
extends; `defaults`; the entry; `mlxk.yaml` overrides for its model; the variant; the environment and flags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlxk.config import merged
from mlxk.config.bases import NotThere, extended
from mlxk.config.diagnostics import Diagnostic, InvalidProfile
from mlxk.config.discovery import Found
from mlxk.config.gathering import gather
from mlxk.config.layers import NamedLayer, merge_tables
from mlxk.config.overrides import matching_overrides, model_reference
from mlxk.config.resolution import GenerationConfig, settled, with_model_layers
from mlxk.config.resolved import Resolved
from mlxk.config.schema import Profile
from mlxk.config.values import Items, Scalar, Table, lookup, plain
from mlxk.config.workspace import Layer, Workspace

_MODEL_LAYERS = ("defaults", "generation_config.json")
_TOP = ("environment", "--set", "flags")
_OF_THE_WHOLE = ("models", "defaults", "memory", "model", "variants", "description", "aliases")
_NOT_EXTENDED = ("server", "log", "memory", "models", "defaults", "description", "aliases", "variants")


def resolve_models(
    resolved: Resolved,
    *,
    isolated: bool = False,
    looks: bool = False,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    generation_config: GenerationConfig | None = None,
) -> dict[str, Resolved]:
    """Everything that a profile serves, by name, variants of entries among them.

    A profile of one model serves itself. Raises `InvalidProfile` with all that is wrong in all entries.
    """
    if not resolved.profile.models:
        return {resolved.name: resolved}
    workspace = Workspace.at(cwd, environ, isolated=isolated, looks=looks)
    repository = workspace.repository_layers()
    entries = Entries(workspace, resolved.layers, repository, workspace.catalogue(repository))
    found: dict[str, Resolved] = {}
    for name, entry, layers in entries:
        full = with_model_layers(layers, generation_config, workspace)
        try:
            tree = settled([table for _, table in full])
        except InvalidProfile as error:
            wrong = (merged.placed(item, resolved.layers, entry) for item in error.diagnostics)
            workspace.problems.extend(wrong)
            continue
        profile = Profile.model_validate(plain(tree))
        found[name] = Resolved(name, profile, tree, tuple(full), resolved.files, ())
    if workspace.errors:
        raise InvalidProfile(workspace.errors)
    workspace.settle_trust()
    files = tuple(dict.fromkeys([*resolved.files, *entries.files]))
    read = resolved.read | workspace.read
    return {name: replace(item, files=files, read=read) for name, item in found.items()}


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a profile's layers; iterating gives each served name, its entry, and its layers."""

    workspace: Workspace
    layers: Sequence[tuple[str, Table]]
    repository: Sequence[Layer]
    catalogue: Sequence[Found]
    bases: dict[Path, list[NamedLayer]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, str, list[NamedLayer]]]:
        models = lookup(merge_tables(table for _, table in self.layers), ("models",))
        for name in models.entries if isinstance(models, Table) else ():
            if isinstance(lookup(models, (name,)) if models else None, Table):
                yield from self._served(name)

    @property
    def files(self) -> list[str]:
        """What the entries extend, as far as they were iterated."""
        return [label for layers in self.bases.values() for label, _ in layers]

    def _served(self, name: str) -> Iterator[tuple[str, str, list[NamedLayer]]]:
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
        yield name, name, [*bottom, *top]
        for variant, table in variants.items():
            named = merged.without(merge_tables(table for _, table in bottom), "aliases")
            over = (f"variant {variant}", table)
            yield variant, name, [("models", named), over, *top]

    def _parts(self, path: tuple[str, ...]) -> list[NamedLayer]:
        return [
            (f"{label} {'.'.join(path)}", node)
            for label, table in self.layers
            if label not in _MODEL_LAYERS and isinstance(node := lookup(table, path), Table)
        ]

    def _extended(self, entry: Table) -> list[NamedLayer]:
        listed = lookup(entry, ("extends",))
        found: list[NamedLayer] = []
        for item in listed.items if isinstance(listed, Items) else ():
            if isinstance(item, Scalar) and isinstance(item.value, str):
                found += self._base(item, item.value)
        return found

    def _base(self, item: Scalar, reference: str) -> list[NamedLayer]:
        """The layers of one profile that an entry builds on, read once however many entries name it."""
        # What no file says was said in the working folder: by `--set` or the environment.
        declared_in = item.origin.file or self.workspace.cwd / "command line"
        try:
            path = extended(reference, declared_in, self.catalogue, self.workspace.environ)
        except NotThere as error:
            self._problem("E301", error.message, item, error.help)
            return []
        if path == item.origin.file:
            self._problem("E302", "`extends` names the file that it stands in", item)
            return []
        if path not in self.bases:
            gathered = gather(self.workspace, path, self.catalogue)
            self.bases[path] = [
                (layer.label, merged.without(layer.settings, *_NOT_EXTENDED)) for layer in gathered
            ]
        return self.bases[path]

    def _problem(self, code: str, message: str, item: Scalar, help_text: str | None = None) -> None:
        self.workspace.problems.append(Diagnostic(code, message, item.origin, help_text))
