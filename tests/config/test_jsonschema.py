"""The schemas for editors: committed, valid, complete, and of one mind with `mlxk validate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mlxk.config import jsonschema as schemas
from mlxk.config import schema_keys
from mlxk.config.origins import Source
from mlxk.config.values import Items, Table, Value, plain
from mlxk.config.yaml.document import parse

FOLDER = Path(__file__).parents[2] / "schemas"
NAMES: tuple[schemas.SchemaName, ...] = ("profile", "repository")


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_schema_is_the_generated_one(name: schemas.SchemaName) -> None:
    committed = (FOLDER / f"{name}.v1.json").read_text(encoding="utf-8")
    assert committed == schemas.dumps(schemas.generate(name)), (
        f"run: mlxk schema {name} -o schemas/{name}.v1.json"
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_is_draft_2020_12(name: schemas.SchemaName) -> None:
    schema = schemas.generate(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def objects(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "", schema
    yield from schema["$defs"].items()


@pytest.mark.parametrize("name", NAMES)
def test_every_key_explains_itself_on_hover(name: schemas.SchemaName) -> None:
    for owner, definition in objects(schemas.generate(name)):
        assert definition["additionalProperties"] is False, owner
        assert definition["patternProperties"] == {"^x-": True}, owner
        for key, value in definition["properties"].items():
            where = f"{owner}.{key}"
            assert value["title"] == key, where
            assert len(value["description"]) > 10, where
            assert value.get("examples") or key.endswith("+"), where
            for arm in value.get("anyOf", []):
                assert len(arm.get("enum", [])) == len(arm.get("enumDescriptions", arm.get("enum", []))), (
                    where
                )


def test_defaults_and_meanings_of_values() -> None:
    schema = schemas.generate("profile")
    overflow = schema_keys.field(schema, ("tokens", "overflow"))
    assert overflow is not None
    assert overflow["default"] == "error"
    assert overflow["anyOf"][0]["enumDescriptions"][0].startswith("Refuse the request")
    assert schema_keys.field(schema, ("tokens", "nothing")) is None
    item = schema_keys.field(schema, ("variants", "any", "reasoning", "markers", 0, "start"))
    assert item is not None
    assert item["title"] == "start"


def test_a_field_brings_its_definitions_along() -> None:
    part = schema_keys.field(schemas.generate("profile"), ("tokens",))
    assert part is not None
    assert set(part["$defs"]) == {"TokensSection", "ContextShare"}
    jsonschema.Draft202012Validator(part).validate({"share": {"run": 1.0}})


def test_examples_are_valid_themselves() -> None:
    schema = schemas.generate("profile")
    for owner, definition in objects(schema):
        for key, value in definition["properties"].items():
            for example in value.get("examples", []):
                checker = jsonschema.Draft202012Validator({**value, "$defs": schema["$defs"]})
                assert list(checker.iter_errors(example)) == [], f"{owner}.{key}: {example}"


def raw(value: Value) -> Any:
    """The tree as an editor sees it: with the `+` of appended lists."""
    match value:
        case Table():
            return {
                f"{key}+" if isinstance(entry.value, Items) and entry.value.appends else key: raw(entry.value)
                for key, entry in value.entries.items()
            }
        case Items():
            return [raw(item) for item in value.items]
        case _:
            return plain(value)


SAME: list[tuple[str, bool]] = [
    ("model: a/b", True),
    ("model: {repo: a/b, revision: main}", True),
    ("model: null", True),
    ("sampling: {temperature: 0, top_k: 5, logit_bias: {12: -1, '13': 2}}", True),
    ("sampling: {temperature: '${env:T:-0.5}'}", True),
    ("sampling: {temperature: null}", True),
    ("sampling: null", True),
    ("stop: {tokens+: [a], sequences: []}", True),
    ("reasoning: {effort: high, expose: drop, enabled: false}", True),
    ("reasoning: {format: think, markers: null}", True),
    ("reasoning: {markers: [{start: a, end: b, as: text}]}", True),
    ("server: {listen: '[::1]:80', routes: {/x: health, /y: false, /z: null}}", True),
    ("variants: {v: {system: x}, w: {}}", True),
    ("extends: demo", True),
    ("extends: [demo]", True),
    ("requires: '>=0.0.1'", True),
    ("chat_template_kwargs: {a: {b: [1]}}", True),
    ("temperature: 1", False),
    ("sampling: {temprature: 1}", False),
    ("sampling: {temperature: hot}", False),
    ("sampling: {temperature: 9}", False),
    ("sampling: {top_k: 1.5}", False),
    ("sampling: {temperature+: [1]}", False),
    ("stop: {tokens: a}", False),
    ("stop: {tokens: [1]}", False),
    ("stop: {tokens: ['']}", False),
    ("reasoning: {effort: hgh}", False),
    ("reasoning: {enabled: no}", False),
    ("reasoning: {markers: [{start: a}]}", False),
    ("reasoning: {format: think, markers: []}", False),
    ("model: {repo: a/b, path: ./c}", False),
    ("model: {repo: 'a b'}", False),
    ("system: 12", False),
    ("server: {listen: here}", False),
    ("server: {routes: {x: health}}", False),
    ("server: {routes: {/x: openai}}", False),
    ("variants: {v: {model: a/b}}", False),
    ("extends+: [demo]", False),
    ("requires: soon", False),
    ("mlxk: 2", False),
    # To draft 2020-12, 20.0 is an integer.
    ("sampling: {top_k: 20.0, seed: 1e3}", True),
    ("sampling: {top_k: 20.5}", False),
    ("mlxk: 1.0\nvariants: {v: {tokens: {max_output: 5.0}}}", True),
]


@pytest.mark.parametrize(("text", "valid"), SAME, ids=[text for text, _ in SAME])
def test_editors_flag_what_validate_flags(folder: Any, text: str, valid: bool) -> None:
    text = text if text.startswith("mlxk") else f"mlxk: 1\n{text}"
    folder.write("p.yaml", text)
    data = raw(parse(text, Source("p.yaml", tuple(text.splitlines()))).root)
    editor = jsonschema.Draft202012Validator(schemas.generate("profile"))
    assert editor.is_valid(data) is valid
    assert (folder.validate() == []) is valid


def test_the_repository_schema(folder: Any) -> None:
    good = {"mlxk": 1, "profiles": ["profiles/"], "overrides": {"a/*": {"stop": {"tokens+": ["x"]}}}}
    editor = jsonschema.Draft202012Validator(schemas.generate("repository"))
    assert editor.is_valid(good)
    assert not editor.is_valid({**good, "overrides": {"a/*": {"model": {"repo": "a/b"}}}})
    assert not editor.is_valid({"profiles": []})


def test_a_whole_number_with_a_point_becomes_one(folder: Any) -> None:
    folder.profile("sampling: {top_k: 20.0, seed: 1e3}\n")
    sampling = folder.resolve().profile.sampling
    assert (repr(sampling.top_k), repr(sampling.seed)) == ("20", "1000")
