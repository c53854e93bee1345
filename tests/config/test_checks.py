"""Every wrong type, every unknown key at every depth, and the rules between keys."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from mlxk.config import shape
from mlxk.config.checks import is_loopback, split_listen
from mlxk.config.files import ProfileFile, RepositoryFile
from mlxk.config.origins import dotted
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
        ("reasoning: {effort: hgh}", "E104", "`reasoning.effort` must be one of none, minimal, low, medium, high, xhigh"),  # noqa: E501
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


def test_the_other_side_of_a_conflict_is_named(folder: Any) -> None:
    folder.profile("tokens: {max_output: 100}\n", "base.yaml")
    folder.profile("extends: base\ntokens: {max_reasoning: 200}\n")
    (item,) = folder.errors()
    assert item.notes == ("`tokens.max_output` comes from base.yaml:3",)


def test_rules_between_keys_are_in_the_same_report_as_wrong_types(folder: Any) -> None:
    folder.profile(
        "server: {listen: 0.0.0.0:1}\nsampling: {top_p: 7}\ntokens: {max_output: 1, max_reasoning: 2}\n"
    )
    assert sorted(folder.codes()) == ["E105", "E107", "E111"]


def test_a_variant_is_held_to_the_rules_too(folder: Any) -> None:
    folder.profile(
        "tokens: {max_output: 10}\n"
        "variants:\n"
        "  v: {tokens: {max_reasoning: 20}}\n"
        "  w: {tokens: {max_output: null, max_reasoning: 20}}\n"
    )
    (item,) = folder.validate()
    assert (item.code, item.path) == ("E107", ("tokens", "max_reasoning"))
    assert item.origin is not None
    assert item.origin.line == 5


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


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("::1:80", None),
        ("[127.0.0.1:80", None),
        ("host:65536", None),
        (":80", None),
        ("host:", None),
        ("http://x:80", None),
        ("a b:80", None),
        ("22:22", ("22", 22)),
    ],
)
def test_listen_addresses(listen: str, address: tuple[str, int] | None) -> None:
    assert split_listen(listen) == address


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("LOCALHOST", True)]
    + [
        (host, False)
        for host in ("0.0.0.0", "::", "192.168.0.1", "example.org", "localhost.example.org", "22")
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_own_keys_are_free_everywhere(folder: Any) -> None:
    folder.profile(
        "x-a: [1]\nsampling: {x-b: {c: d}}\nserver: {routes: {x-c: 1}}\nvariants: {x-v: 1}\n"
        "model: {repo: a/b, x-why: because}\n"
    )
    assert folder.validate() == []
    assert folder.resolve().variants == ()


@pytest.mark.parametrize(
    ("text", "code", "place", "message"),
    [
        ("locked: [temperatur]", "E104", "request_policy.locked[0]", "must be one of"),
        ("clamp: {temprature: {max: 1}}", "E102", "request_policy.clamp.temprature", "unknown key"),
        ("clamp: {seed: {max: 1}}", "E102", "request_policy.clamp.seed", "unknown key"),
        ("clamp: {temperature: 1}", "E103", "request_policy.clamp.temperature", "must be a mapping"),
        ("clamp: {max_tokens: {max: 1.5}}", "E103", "request_policy.clamp.max_tokens.max", "a whole number"),
        (
            "clamp: {temperature: {max: 9}}",
            "E105",
            "request_policy.clamp.temperature.max",
            "out of its range",
        ),
        ("clamp: {max_tokens: {max: 0}}", "E105", "request_policy.clamp.max_tokens.max", "out of its range"),
        ("clamp: {top_p: {min: 0.9, max: 0.1}}", "E107", "request_policy.clamp.top_p.min", "not be greater"),
        (
            "locked: [top_p]\n  clamp: {top_p: {max: 0.1}}",
            "E107",
            "request_policy.clamp.top_p",
            "is locked",
        ),
    ],
)
def test_a_request_policy_that_cannot_be_meant(
    folder: Any, text: str, code: str, place: str, message: str
) -> None:
    folder.profile(f"request_policy:\n  {text}\n")
    (found,) = folder.validate()
    assert (found.code, dotted(found.path)) == (code, place)
    assert message in found.message


def test_an_alias_twice(folder: Any) -> None:
    folder.profile("aliases: [a, b, a]\n")
    (found,) = folder.validate()
    assert (found.code, dotted(found.path), found.origin.column) == ("E107", "aliases[2]", 17)


def test_request_policies_merge_like_everything(folder: Any) -> None:
    folder.profile(
        "aliases: [x]\nrequest_policy: {locked: [seed], clamp: {temperature: {max: 1}}}\n", "base.yaml"
    )
    folder.profile(
        "extends: base\naliases+: [y]\nrequest_policy: {locked+: [top_p], clamp: {top_k: {max: 9}}}\n"
    )
    profile = folder.resolve(sets=["request_policy.clamp.temperature.max=0.5"]).profile
    assert profile.request_policy.locked == ["seed", "top_p"]
    assert profile.request_policy.clamp.temperature.max == 0.5
    assert profile.request_policy.clamp.top_k.max == 9
    assert profile.aliases == ["x", "y"]
