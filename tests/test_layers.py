"""The house's one structural rule: imports point down."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import mlxk

ROOT = Path(mlxk.__file__).parent

# From the top of the house to its ground; a part may import parts of a lower floor only.
FLOORS = (
    {"cli"},
    {"server"},
    {"generation"},
    {"plan", "policy", "constraints", "memory"},
    {"text", "engine"},
    {"config", "hub"},
    {"requests", "events"},
    {"errors"},
)
# These see the vocabulary alone, so that a dialect or a renderer can be read without the rest.
VOCABULARY_ONLY = {"protocols", "render"}
VOCABULARY = {"events", "requests", "errors"}
# Libraries that one part alone may touch.
OWNERS = {"mlx": "engine", "mlx_lm": "engine", "huggingface_hub": "hub", "sanic": "server", "yaml": "config"}


def part_of(module: str) -> str:
    """`mlxk.text.scanner` belongs to `text`; the package itself to nobody."""
    return [*module.split("."), ""][1]


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""
            if node.module == "mlxk":
                yield from (f"mlxk.{alias.name}" for alias in node.names)


def modules() -> Iterator[tuple[str, Path]]:
    for file in sorted(ROOT.rglob("*.py")):
        relative = file.relative_to(ROOT).with_suffix("")
        yield ".".join(("mlxk", *relative.parts)), file


def floor(part: str) -> int:
    return next(index for index, parts in enumerate(FLOORS) if part in parts)


def test_every_part_has_a_floor() -> None:
    known = set().union(*FLOORS) | VOCABULARY_ONLY | {"__init__", "__main__"}
    assert {part_of(module) for module, _ in modules()} <= known


def test_imports_point_down() -> None:
    wrong = []
    for module, file in modules():
        part = part_of(module)
        if part in {"__init__", "__main__"}:
            continue
        for name in imports(file):
            other = part_of(name) if name.split(".")[0] == "mlxk" else ""
            if not other or other in {part, "__version__", "__main__"}:
                continue
            if part in VOCABULARY_ONLY:
                allowed = other in VOCABULARY
            elif other in VOCABULARY_ONLY:
                allowed = part in {"cli", "server"}
            else:
                allowed = floor(other) > floor(part)
            if not allowed:
                wrong.append(f"{module} imports {name}")
    assert not wrong


def test_libraries_have_one_owner() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, file in modules()
        for name in imports(file)
        if (owner := OWNERS.get(name.split(".")[0])) is not None and part_of(module) != owner
    ]
    assert not wrong


def test_no_module_imports_itself_around_a_corner() -> None:
    """Imports within functions and for types alone count as well."""
    files = {module.removesuffix(".__init__"): file for module, file in modules()}
    graph: dict[str, set[str]] = {}
    for module, file in files.items():
        named = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= {name if name in files else str(node.module) for name in inside}
        graph[module] = {name for name in named if name in files and name != module}
    TopologicalSorter(graph).prepare()
