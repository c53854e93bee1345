"""`mlxk.lock`: which files a model was made of, so that a run on another day is the same run.

A model is pinned by its commit where it came from the Hub, and by its files. Small files have the SHA-256 of
their bytes; weights their size and the SHA-256 of their safetensors header, which names every tensor with its
type, shape and place, and is read in milliseconds. So a weight file whose tensors were changed in place, in
the same layout, passes; a commit does not lie about that. Templates, adapters and tokenizers that a profile
names are pinned as well, by all of their bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mlxk.errors import ModelError
from mlxk.hub.facts import ModelFacts

FILE_NAME = "mlxk.lock"
_VERSION = 1
_SUFFIXES = (".json", ".jinja", ".model", ".txt", ".tiktoken")
OF_TOKENIZERS = tuple(f"*{suffix}" for suffix in _SUFFIXES)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Pin:
    """One model. `chat_template` is the SHA-256 of the model's default template, if it has one."""

    commit: str | None
    chat_template: str | None
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lock:
    """Models by reference (`org/name`, `org/name@revision`, a folder), and other files by path."""

    models: Mapping[str, Pin] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)

    def over(self, other: Lock) -> Lock:
        """Both; what both pin, as here."""
        return Lock({**other.models, **self.models}, {**other.templates, **self.templates})

    def drift(self, actual: Lock) -> list[str]:
        """How `actual` differs from what is pinned, a line for each difference."""
        found = []
        for name, pin in actual.models.items():
            pinned = self.models.get(name)
            found += [f"{name} is not locked"] if pinned is None else _model_drift(name, pinned, pin)
        for path, digest in actual.templates.items():
            if path not in self.templates:
                found.append(f"{path} is not locked")
            elif self.templates[path] != digest:
                found.append(f"{path} differs")
        return found


def _model_drift(name: str, pinned: Pin, actual: Pin) -> list[str]:
    found = []
    if pinned.commit != actual.commit:
        found.append(f"{name}: commit {actual.commit or 'none'}, locked {pinned.commit or 'none'}")
    for file in sorted({*pinned.files, *actual.files}):
        if file not in actual.files:
            found.append(f"{name}: {file} is missing")
        elif file not in pinned.files:
            found.append(f"{name}: {file} is new")
        elif pinned.files[file] != actual.files[file]:
            found.append(f"{name}: {file} differs")
    if pinned.chat_template != actual.chat_template:
        found.append(f"{name}: the chat template differs")
    return found


def pin(facts: ModelFacts) -> Pin:
    """A model as it is on this machine."""
    try:
        small = sorted(file for file in facts.path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
        files = {file.name: digest(file.read_bytes()) for file in small}
        files |= {file.name: _weights_digest(file) for file in facts.weight_files}
        return Pin(_commit(facts.path), _template_digest(facts.path), dict(sorted(files.items())))
    except OSError as error:
        raise ModelError(f"{facts.reference}: a file cannot be read: {error.strerror}") from error


def digests(folder: Path, name: str, patterns: Iterable[str]) -> dict[str, str]:
    """Of the files that match, by `name` and their own."""
    try:
        files = sorted({file for pattern in patterns for file in folder.glob(pattern) if file.is_file()})
        return {f"{name}/{file.name}": digest(file.read_bytes()) for file in files}
    except OSError as error:
        raise ModelError(f"{name}: a file cannot be read: {error.strerror}") from error


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _weights_digest(file: Path) -> str:
    with file.open("rb") as stream:
        prefix = stream.read(8)
        header = stream.read(struct.unpack("<Q", prefix)[0])
    return f"{file.stat().st_size} bytes, header {digest(header)}"


def _commit(folder: Path) -> str | None:
    """The Hub's cache keeps each commit in a folder of its name."""
    return folder.name if folder.parent.name == "snapshots" and _COMMIT.fullmatch(folder.name) else None


def _template_digest(folder: Path) -> str | None:
    own = folder / "chat_template.jinja"
    if own.is_file():
        return digest(own.read_bytes())
    config = folder / "tokenizer_config.json"
    if not config.is_file():
        return None
    try:
        template = json.loads(config.read_bytes()).get("chat_template")
    except (ValueError, AttributeError) as error:
        raise ModelError(f"{config.name} is not a JSON object", hint="download the model again") from error
    return None if template is None else digest(json.dumps(template, sort_keys=True).encode())


def read(file: Path) -> Lock | None:
    """What is pinned; `None` without such a file. Raises `ModelError` for one that cannot be read."""
    try:
        data = json.loads(file.read_bytes())
        if data["mlxk.lock"] != _VERSION:
            raise ModelError(f"{file.name} is of another version", hint="write it again: mlxk lock")
        models = {
            str(name): Pin(item["commit"], item["chat_template"], dict(item["files"]))
            for name, item in data["models"].items()
        }
        return Lock(models, dict(data["templates"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{file.name} cannot be read", hint="write it again: mlxk lock") from error


def write(file: Path, lock: Lock) -> None:
    """Replace the file in one step."""
    data = {
        "mlxk.lock": _VERSION,
        "models": {name: asdict(pinned) for name, pinned in sorted(lock.models.items())},
        "templates": dict(sorted(lock.templates.items())),
    }
    temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(file)
