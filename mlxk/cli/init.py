"""`mlxk init`: a first profile, with everything that an editor needs to help with it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.names import ModelName
from mlxk.config import jsonschema, project
from mlxk.config.discovery import REPOSITORY_FILES, SUFFIXES, is_file_reference
from mlxk.config.schema import model_table
from mlxk.errors import UsageError

_PLAIN_MODEL = re.compile(r"[\w./~][\w./:-]*")
_NAME = re.compile(r"\w[\w.+-]*")

_PROFILE = """\
# yaml-language-server: $schema={schema}
# How to run one model. Try it:  mlxk run -p {name} "Why is the sky blue?"
# Check it:  mlxk validate {file}     What counts, and why:  mlxk config -p {name} --origin
mlxk: 1
description: My first profile.

# A model on the Hugging Face Hub, a folder (./models/mine), or the tiny one inside mlxk.
model: {model}

# extends: chat-default            # build on another profile; `mlxk profiles` lists them

# system: You are concise.

# sampling:                        # what is left out comes from the model's generation_config.json
#   temperature: 0.7
#   top_p: 0.9

# tokens:
#   context: 2048                  # the window, prompt and answer together; without it, all of the model's
#   max_output: 1024
#   overflow: truncate_oldest      # or error: refuse a conversation that is too long

# stop:
#   sequences: ["END"]

# reasoning:
#   enabled: true
#   expose: reasoning_content      # how the server gives it: reasoning, both, inline, drop

# server:                          # for `mlxk up {name}`
#   listen: 127.0.0.1:8080

# variants:                        # mlxk run -p {name} --variant exact
#   exact:
#     sampling: {{temperature: 0}}
"""


def init(
    name: str = "default",
    *,
    model: ModelName = "builtin:demo",
    vscode: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write a commented profile to start from, and the schema that editors check it with.

    Examples:
        mlxk init
        mlxk init coder --model mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit --vscode

    Parameters
    ----------
    name
        The profile's name: it goes into the project's folder of profiles. Or a file, such as ./coder.yaml.
    model
        The model that it names.
    vscode
        Also write .vscode/settings.json, so that VS Code checks every profile of this folder.
    """
    root, file = _target(name)
    schema = root / "schemas" / "profile.v1.json"
    text = _PROFILE.format(
        schema=_from(file.parent, schema),
        name=file.stem if not is_file_reference(name) else _as_argument(file),
        file=file,
        model=_model(model, file.parent),
    )
    files = {file: text, schema: jsonschema.dumps(jsonschema.generate("profile"))}
    settings = root / ".vscode" / "settings.json"
    if vscode:
        repository = root / "schemas" / "repository.v1.json"
        files[repository] = jsonschema.dumps(jsonschema.generate("repository"))
        profiles = file if is_file_reference(name) else file.parent / "*.yaml"
        files[settings] = _settings(
            {schema: [_within(root, profiles)], repository: list(REPOSITORY_FILES)}, root
        )
    _write(files, fresh=(file, settings))
    return 0


def _target(name: str) -> tuple[Path, Path]:
    """The project's root and the profile's file, both from the working folder."""
    home = project()
    root = Path(os.path.relpath(home.root))
    if is_file_reference(name):
        file = Path(name).expanduser()
        if file.suffix not in SUFFIXES:
            raise UsageError(f"{name} is not a .yaml file", hint=f"mlxk init {name.rstrip('/')}.yaml")
        return root, file
    if not _NAME.fullmatch(name):
        raise UsageError(f"`{name}` cannot be a profile's name", hint="such as: mlxk init coder")
    return root, Path(os.path.relpath(home.profiles / f"{name}.yaml"))


def _from(folder: Path, file: Path) -> str:
    """The file as a path from a folder, in the form that is never taken for a name."""
    relative = Path(os.path.relpath(file, folder)).as_posix()
    return relative if relative.startswith("../") else f"./{relative}"


def _within(root: Path, file: Path) -> str:
    return Path(os.path.relpath(file, root)).as_posix()


def _model(model: str, folder: Path) -> str:
    """The reference as YAML; a path counts from the working folder here, and from the profile's there."""
    if "path" in model_table(model) and not model.startswith(("/", "~")):
        model = _from(folder, Path(model))
    return model if _PLAIN_MODEL.fullmatch(model) else json.dumps(model, ensure_ascii=False)


def _as_argument(file: Path) -> str:
    return str(file) if os.sep in str(file) else f"./{file}"


def _settings(files: Mapping[Path, list[str]], root: Path) -> str:
    """Which schema is for which files, in the words of VS Code's YAML extension."""
    schemas = {_from(root, schema): matches for schema, matches in files.items()}
    return json.dumps({"yaml.schemas": schemas}, indent=2) + "\n"


def _write(files: Mapping[Path, str], *, fresh: tuple[Path, ...]) -> None:
    """All of the files or, where one of the `fresh` is there already, none. Others stay as they are."""
    for file in fresh:
        if file in files and os.path.lexists(file):
            raise UsageError(f"{file} is there already, and is left as it is", hint=_instead(file))
    for file, text in files.items():
        if os.path.lexists(file):
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise UsageError(f"cannot write {file}: {error.strerror}") from error
        print(f"wrote {file}")


def _instead(file: Path) -> str:
    if file.suffix == ".json":
        return 'put "yaml.schemas": {"./schemas/profile.v1.json": "profiles/*.yaml"} into it'
    return "choose another name: mlxk init NAME"
