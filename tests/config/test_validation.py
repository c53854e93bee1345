"""Every wrong type, and every unknown key at every depth."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from mlxk.config import shape
from mlxk.config.files import ProfileFile, RepositoryFile
from mlxk.config.schema.server import RouteHandler


def sections(annotation: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every mapping with known keys."""
    section = shape.as_section(annotation)
    if section is None:
        inner = shape.child(annotation, "any") if not shape.is_list(annotation) else None
        return sections(inner, (*path, "any")) if shape.as_section(inner) else []
    found = [path]
    for name, info in shape.fields(section).items():
        found += sections(info.annotation, (*path, name))
    return found


def leaf_paths(annotation: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    section = shape.as_section(annotation)
    if section is None:
        return [path]
    return [
        leaf
        for name, info in shape.fields(section).items()
        for leaf in leaf_paths(info.annotation, (*path, name))
    ]


def flow(path: tuple[str, ...], text: str) -> str:
    for key in reversed(path):
        text = f"{{{key}: {text}}}" if key != path[0] else f"{key}: {text}\n"
    return text


@pytest.mark.parametrize("path", sections(ProfileFile), ids=".".join)
def test_an_unknown_key_at_every_depth(folder: Any, path: tuple[str, ...]) -> None:
    text = flow(path, "{mistake: 1}") if path else "mistake: 1\n"
    folder.write("p.yaml", f"mlxk: 1\n{text}")
    found = [item for item in folder.errors() if item.code == "E102"]
    assert [item.path for item in found] == [(*path, "mistake")]
    assert found[0].origin is not None
    assert (found[0].origin.line, found[0].origin.width) == (2, len("mistake"))


def test_an_unknown_key_in_a_list(folder: Any) -> None:
    folder.profile("reasoning: {markers: [{start: a, end: b, is: text}]}\n")
    (item,) = folder.errors()
    assert (item.code, item.message) == ("E102", "unknown key `is` in reasoning.markers[0]")


@pytest.mark.parametrize(
    "path", [path for path in leaf_paths(ProfileFile) if path != ("mlxk",)], ids=".".join
)
@pytest.mark.parametrize("text", ["{a: {b: c}}", "[[1]]", "1.5", "true", "word"])
def test_every_wrong_type_is_told_at_its_place(folder: Any, path: tuple[str, ...], text: str) -> None:
    """Whatever stands there, the outcome is a profile or an error at that line: never a traceback."""
    folder.profile(flow(path, text))
    for item in folder.validate():
        assert item.code[:2] in ("E1", "E3") or item.code == "W004"
        assert item.origin is not None
        assert item.origin.line >= 2
        missing = item.code == "E106"  # what stands there may be fine, and needs something beside it
        assert item.path[:-1] == path[: len(item.path) - 1] if missing else item.path[: len(path)] == path


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("system: [a]", "E103", "`system` must be text, not a list"),
        ("system: 12", "E103", "`system` must be text, not a whole number"),
        ("system: true", "E103", "`system` must be text, not true or false"),
        ("sampling: {temperature: hot}", "E103", "`sampling.temperature` must be a number, not text"),
        ("sampling: {temperature: '1'}", "E103", "`sampling.temperature` must be a number, not text"),
        ("sampling: {temperature: .nan}", "E103", "`sampling.temperature` must be a finite number"),
        ("sampling: {temperature: -1}", "E105", "`sampling.temperature` must be at least 0"),
        ("sampling: {top_p: 0}", "E105", "`sampling.top_p` must be greater than 0"),
        ("sampling: {top_k: 1.5}", "E103", "`sampling.top_k` must be a whole number, not a number"),
        ("sampling: {top_k: true}", "E103", "`sampling.top_k` must be a whole number, not true or false"),
        ("sampling: {logit_bias: {a: 1}}", "E103", "the key `a` in sampling.logit_bias must be a whole number"),  # noqa: E501
        ("sampling: 1", "E103", "`sampling` must be a mapping, not a whole number"),
        ("stop: {tokens: a}", "E103", "`stop.tokens` must be a list, not text"),
        ("stop: {tokens: [1]}", "E103", "`stop.tokens[0]` must be text, not a whole number"),
        ("stop: {sequences: ['']}", "E105", "`stop.sequences[0]` must not be empty"),
        ("reasoning: {enabled: no}", "E103", "`reasoning.enabled` must be true or false, not text"),
        ("reasoning: {effort: hgh}", "E104", "`reasoning.effort` must be one of none, minimal, low, medium, high, xhigh, max"),  # noqa: E501
        ("reasoning: {markers: [{start: a}]}", "E106", "missing key `end` in reasoning.markers[0]"),
        ("reasoning: {markers: [{start: a, end: b, as: tool}]}", "E104", "`reasoning.markers[0].as` must be one of reasoning, text"),  # noqa: E501
        ("reasoning: {markers: {start: a}}", "E103", "`reasoning.markers` must be a list, not a mapping"),
        ("server: {routes: {/x: openai.chatt}}", "E104", f"`server.routes./x` must be one of {', '.join(get_args(RouteHandler))}, false"),  # noqa: E501
        ("server: {routes: {x: health}}", "E109", "a route must be a path that begins with `/`, without spaces, `?`, `#`, `<` and `>`"),  # noqa: E501
        ("server: {listen: localhost}", "E109", "`server.listen` must be host:port, with a port from 0 to 65535, or unix:PATH"),  # noqa: E501
        ("server: {listen: 0.0.0.0:80}", "E111", "`server.listen` opens the server to the network, and it has no API keys"),  # noqa: E501
        ("model: 'a b'", "E109", "not a model reference: expected org/name, builtin:NAME, or a path that begins with ./ or /"),  # noqa: E501
        ("model: {repo: a/b, path: ./c}", "E107", "`model.path` and `model.repo` exclude each other"),
        ("model: {path: ./c, revision: x}", "E107", "`model.revision` is for repositories on the Hub, not for folders or built-in models"),  # noqa: E501
        ("model: {repo: a/b, chat_template: ./gone.jinja}", "E110", "there is no such chat template file"),
        ("tokens: {max_output: 5, max_reasoning: 5}", "E107", "`tokens.max_reasoning` must be less than `tokens.max_output`"),  # noqa: E501
        ("tokens: {context: 5, max_output: 9}", "E107", "`tokens.max_output` must be less than `tokens.context`"),  # noqa: E501
        ("reasoning: {format: think, markers: []}", "E107", "`reasoning.format` and `reasoning.markers` exclude each other"),  # noqa: E501
        ("reasoning: {markers: [{start: a, end: a}]}", "E107", "a marker's `start` and `end` must differ"),
        ("extends+: [demo]", "E108", "`extends` cannot be appended to: nothing is inherited"),
    ],
)  # fmt: skip
def test_messages(folder: Any, text: str, code: str, message: str) -> None:
    folder.profile(text + "\n")
    (item,) = folder.validate()
    assert (item.code, item.message) == (code, message)
    assert (item.origin.name, item.origin.line > 1) == ("p.yaml", True)


def test_a_part_without_a_model_is_valid(folder: Any) -> None:
    folder.write("p.yaml", "mlxk: 1\nsystem: x\n")
    assert folder.validate() == []


def test_single_quoted_line_breaks_warn(folder: Any) -> None:
    folder.profile("stop: {sequences: ['\\n', \"\\n\", \\t, END]}\n")
    found = folder.validate()
    assert [(item.code, item.severity, item.path[-1]) for item in found] == [
        ("W001", "warning", 0),
        ("W001", "warning", 2),
    ]
    assert folder.resolve().warnings[0].startswith("p.yaml:3: this stops at a backslash and a letter")


def test_a_repository_file(folder: Any) -> None:
    folder.write(
        "mlxk.yaml", "mlxk: 1\nprofile: [x]\noverrides: {'a/*': {sampling: {topp: 1}, model: {repo: x}}}\n"
    )
    assert [(item.code, item.path) for item in folder.validate("mlxk.yaml")] == [
        ("E102", ("profile",)),
        ("E102", ("overrides", "a/*", "sampling", "topp")),
        ("E102", ("overrides", "a/*", "model", "repo")),
    ]
    assert shape.keys(RepositoryFile) == ["mlxk", "requires", "profiles", "overrides"]


def test_a_broken_repository_file_starts_nothing(folder: Any) -> None:
    folder.write("mlxk.yaml", "mlxk: 1\noverrides: [x]\n")
    folder.profile("")
    assert folder.codes() == ["E103"]
    assert folder.resolve(isolated=True)


def test_own_keys_are_free_everywhere(folder: Any) -> None:
    folder.profile(
        "x-a: [1]\nsampling: {x-b: {c: d}}\nserver: {routes: {x-c: 1}}\nvariants: {x-v: 1}\n"
        "model: {repo: a/b, x-why: because}\n"
    )
    assert folder.validate() == []
    assert folder.resolve().variants == ()
