"""Where configuration is found: the repository's files, the user's, and the profiles that ship.

Walking up from the working folder, the first folder with `mlxk.yaml` or `mlxk.local.yaml` is the root; the
walk ends at a `.git` folder, at the user's home and at the file system's root. Profiles are found by name
in the folders that those files list (`profiles/` where they list none), then in
`$XDG_CONFIG_HOME/mlxk/profiles`, then among those that ship.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Where = Literal["project", "user", "shipped"]

REPOSITORY_FILES = ("mlxk.yaml", "mlxk.local.yaml")
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Found:
    """A profile that a name can mean."""

    name: str
    path: Path
    where: Where


def label(path: Path, cwd: Path) -> str:
    """How messages name a file: relative to the working folder, if it is below it."""
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)


def absolute(path: str | Path, folder: Path, environ: Mapping[str, str]) -> Path:
    """`path` from `folder`, with `~` as the environment's home; symbolic links stay as they are."""
    text = str(path)
    home = environ.get("HOME")
    if home and (text == "~" or text.startswith("~/")):
        text = home + text[1:]
    return Path(os.path.normpath(folder / Path(text).expanduser()))


def repository_files(cwd: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """`mlxk.yaml` and `mlxk.local.yaml` of the repository around `cwd`, those that exist."""
    home = environ.get("HOME")
    for folder in (cwd, *cwd.parents):
        present = tuple(folder / name for name in REPOSITORY_FILES if os.path.lexists(folder / name))
        if present or os.path.exists(folder / ".git") or str(folder) == home:
            return present
    return ()


def repository_of(folder: Path) -> Path | None:
    """The root of the repository that `folder` is in: where `.git`, `mlxk.yaml` or `mlxk.local.yaml` is."""
    for candidate in (folder, *folder.parents):
        if any(os.path.lexists(candidate / name) for name in (".git", *REPOSITORY_FILES)):
            return candidate
    return None


def user_folder(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_CONFIG_HOME/mlxk`, by default `~/.config/mlxk`; `None` where there is no home."""
    configured = environ.get("XDG_CONFIG_HOME")
    if configured and Path(configured).is_absolute():
        return Path(configured) / "mlxk"
    home = environ.get("HOME")
    return Path(home) / ".config" / "mlxk" if home and Path(home).is_absolute() else None


def state_folder(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_STATE_HOME/mlxk`, by default below `~/.local/state`; `None` where there is no home."""
    state, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
    if Path(state).is_absolute():
        return Path(state) / "mlxk"
    return Path(home) / ".local" / "state" / "mlxk" if Path(home).is_absolute() else None


def shipped_folder() -> Path:
    """The profiles of this package: inside it when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"


def in_folder(folder: Path, where: Where) -> Iterator[Found]:
    """The profiles in one folder, by name."""
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return  # A folder that is not there, or may not be read, has no profiles.
    for path in files:
        if path.suffix in SUFFIXES and not path.name.startswith(".") and path.is_file():
            yield Found(path.stem, path, where)


def catalogue(project_folders: Sequence[Path], environ: Mapping[str, str], *, isolated: bool) -> list[Found]:
    """All profiles that a name can mean; of those with one name the first wins and is the only one here."""
    found: dict[str, Found] = {}
    user = user_folder(environ)
    places: list[tuple[Path, Where]] = []
    if not isolated:
        places += [(folder, "project") for folder in project_folders]
        places += [(user / "profiles", "user")] if user is not None else []
    shipped = shipped_folder()
    places = [place for place in places if place[0] != shipped]
    for folder, where in [*places, (shipped, "shipped")]:
        for item in in_folder(folder, where):
            found.setdefault(item.name, item)
    return list(found.values())


def is_file_reference(reference: str) -> bool:
    """Whether `-p` or `extends` names a file rather than a profile."""
    return os.sep in reference or reference.startswith("~") or reference.endswith(SUFFIXES)
