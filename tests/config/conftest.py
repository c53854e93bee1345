"""A folder with files, a home of its own, and an environment: what a resolution sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mlxk.config import Diagnostic, InvalidProfile, Resolved, resolve, validate_files


@dataclass
class Folder:
    """A working folder. `write` fills it; every other method is the public API, called inside it."""

    path: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def profile(self, text: str, name: str = "p.yaml") -> Path:
        """A profile with its first line and a model, unless `text` names one."""
        model = "" if "model:" in text or "extends:" in text else "model: org/model\n"
        return self.write(name, f"mlxk: 1\n{model}{text}")

    def resolve(self, source: str | Path | None = "p.yaml", **options: Any) -> Resolved:
        return resolve(source, cwd=self.path, environ=self.environ, **options)

    def errors(self, source: str | Path | None = "p.yaml", **options: Any) -> tuple[Diagnostic, ...]:
        """The diagnostics of a resolution that must fail."""
        with pytest.raises(InvalidProfile) as caught:
            self.resolve(source, **options)
        return caught.value.diagnostics

    def codes(self, source: str | Path | None = "p.yaml", **options: Any) -> list[str]:
        return [item.code for item in self.errors(source, **options)]

    def validate(self, *names: str | Path) -> list[Diagnostic]:
        return validate_files(names or ["p.yaml"], cwd=self.path, environ=self.environ)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    (work / ".git").mkdir()
    return Folder(work, {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")})
