"""How a change of a key takes effect: told for every key, and true to what the engine is built from."""

from __future__ import annotations

import pytest

from mlxk.config import jsonschema
from mlxk.config.effects import SENTENCES, effect
from mlxk.config.origins import parse_dotted


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("sampling.temperature", "live"),
        ("system", "live"),
        ("tokens.max_output", "live"),
        ("tokens.context", "reload"),
        ("model", "reload"),
        ("model.repo", "reload"),
        ("model.draft.tokens", "reload"),
        ("model.chat_template", "live"),
        ("engine.prompt_cache.bytes", "reload"),
        ("models.a.engine.concurrency", "reload"),
        ("models.a.model", "reload"),
        ("models.a.ttl", "live"),
        ("server.listen", "restart"),
        ("server.tls.key", "restart"),
        ("server.api_keys", "live"),
        ("server.limits.body", "live"),
        ("log.level", "live"),
    ],
)
def test_effects(key: str, expected: str) -> None:
    assert effect(parse_dotted(key)) == expected


def test_every_key_says_it_in_the_schema() -> None:
    schema = jsonschema.generate("profile")
    about_the_file = {"mlxk", "requires", "extends", "include", "description"}
    for section in (schema, *schema["$defs"].values()):
        for key, described in section.get("properties", {}).items():
            is_section = any("$ref" in arm for arm in described.get("anyOf", []))
            if key.rstrip("+") in about_the_file or is_section:
                continue
            assert described["x-takes-effect"] in SENTENCES
            assert SENTENCES[described["x-takes-effect"]] in described["description"]
