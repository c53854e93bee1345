"""/save: what was set in a chat, written into a file of the user's choice; every other byte of it stays."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from mlxk.cli.chat.session import Chat
from mlxk.cli.chat.settings import Settings
from mlxk.config import catalogue, discovery, migration
from mlxk.config.assignments import Keys, assigned
from mlxk.config.files import ProfileFile, RepositoryFile, UserFile
from mlxk.config.origins import parse_dotted
from mlxk.config.values import lookup, plain
from mlxk.errors import MlxkError, UsageError

LAYERS = ("profile", "local", "repository", "user")


@dataclass(frozen=True, slots=True)
class Layer:
    """A file that holds settings, and where in it they stand."""

    path: Path
    model: type[BaseModel]
    inside: Keys = ()
    first: str = "mlxk: 1\n"


def save(chat: Chat, name: str) -> list[str]:
    """Write what was said, all or nothing; returns what to tell. Raises `ProfileError` or `UsageError`."""
    layer = _layer(chat, name)
    label = discovery.label(layer.path, Path.cwd())
    values = _values(chat, layer)
    try:
        done = assigned(layer.path, label, layer.model, values, empty=layer.first)
        layer.path.parent.mkdir(parents=True, exist_ok=True)
        migration.write(done)
    except OSError as error:
        raise UsageError(f"{label} cannot be written: {error.strerror}") from error
    return [f"{', '.join(chat.settings.said)} in {label}", *_overruled(chat, name)]


def _values(chat: Chat, layer: Layer) -> dict[Keys, str]:
    values: dict[Keys, str] = {}
    for key, text in chat.settings.said.items():
        keys = tuple(str(part) for part in parse_dotted(key.removesuffix("+")))
        appends = key.endswith("+")
        last = keys[-1] + "+" * appends
        listed = f"[{text}]" if appends and not text.lstrip().startswith("[") else text
        values[(*layer.inside, *keys[:-1], last)] = listed
    return values


def _layer(chat: Chat, name: str) -> Layer:
    if discovery.is_file_reference(name):
        return _file(chat, Path(os.path.abspath(Path(name).expanduser())))
    if name not in LAYERS:
        raise UsageError(f"`{name}` is no place to save to", hint=f"{', '.join(LAYERS)}, or FILE.yaml")
    if name == "profile":
        return Layer(_profile(chat), ProfileFile)
    if name == "user":
        folder = discovery.user_folder(os.environ)
        if folder is None:
            raise UsageError("there is no home folder", hint="set HOME or XDG_CONFIG_HOME")
        return Layer(folder / "config.yaml", UserFile)
    root = discovery.repository_of(Path.cwd())
    if root is None:
        raise UsageError("this folder is in no repository", hint="/save user, or /save FILE.yaml")
    model = chat.plan.facts.reference
    file = "mlxk.yaml" if name == "repository" else "mlxk.local.yaml"
    return Layer(root / file, RepositoryFile, ("overrides", model))


def _file(chat: Chat, path: Path) -> Layer:
    """A profile of its own: it builds on the one of the chat."""
    source = chat.settings.profile.profile
    if source is None:
        first = f"mlxk: 1\nmodel: {chat.plan.facts.reference}\n"
    else:
        base = _relative(source, path.parent) if discovery.is_file_reference(source) else source
        first = f"mlxk: 1\nextends: {base}\n"
    return Layer(path, ProfileFile, (), first)


def _relative(source: str, folder: Path) -> str:
    """A file as another one in `folder` names it."""
    return f"./{os.path.relpath(Path(source).expanduser(), folder)}".replace("./../", "../")


def _profile(chat: Chat) -> Path:
    name = chat.settings.profile.profile
    if name is None:
        raise UsageError("this chat has no profile", hint="/save FILE.yaml makes one")
    if discovery.is_file_reference(name):
        return Path(os.path.abspath(Path(name).expanduser()))
    found = next(item for item in catalogue(isolated=chat.settings.profile.isolated) if item.name == name)
    if found.where == "shipped":
        raise UsageError(f"{name} ships with mlxk", hint=f"/save my-{name}.yaml makes a profile on top of it")
    return found.path


def _with_profile(settings: Settings, file: str) -> Settings:
    """A chat of that profile, with the same flags."""
    return replace(settings, model=None, profile=replace(settings.profile, profile=file, variant=None))


def _overruled(chat: Chat, name: str) -> list[str]:
    """What would not count in another chat with that file, because something else stands over it."""
    unsaid = replace(chat.settings, said={})
    try:
        resolved = (_with_profile(unsaid, name) if discovery.is_file_reference(name) else unsaid).resolve()
    except MlxkError as error:
        return [f"warning: {error.message}"]
    lines = []
    for key in chat.settings.said:
        path = parse_dotted(key.removesuffix("+"))
        now, then = lookup(chat.resolved.tree, path), lookup(resolved.tree, path)
        if (now and plain(now)) != (then and plain(then)):
            lines.append(f"{key}: {resolved.origin(path)} counts more than that file")
    return lines
