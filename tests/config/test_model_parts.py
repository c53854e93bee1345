"""Adapters, draft models and tokenizers in a profile: whose paths they are, and what excludes what."""

from __future__ import annotations

from typing import Any

import pytest


def test_paths_are_those_of_the_file_that_declares_them(folder: Any) -> None:
    (folder.path / "lib" / "adapters").mkdir(parents=True)
    folder.write(
        "lib/base.yaml",
        "mlxk: 1\n"
        "model: {repo: org/model, adapter: adapters, tokenizer: ./words, draft: {path: small}}\n"
        "variants: {deep: {model: {adapter: ./adapters, chat_template: ./deep.jinja}}}\n",
    )
    folder.write("lib/deep.jinja", "{{ messages }}")
    folder.write("p.yaml", "mlxk: 1\nextends: lib/base.yaml\n")
    here = folder.path / "lib"
    model = folder.resolve("p.yaml").profile.model
    assert (model.adapter, model.tokenizer) == (str(here / "adapters"), str(here / "words"))
    assert model.draft.path == str(here / "small")
    assert model.draft.tokens == 3
    deep = folder.resolve("p.yaml", variant="deep").profile.model
    assert (deep.repo, deep.adapter) == ("org/model", str(here / "adapters"))
    assert deep.chat_template == str(here / "deep.jinja")


def test_overrides_have_paths_of_their_own(folder: Any) -> None:
    (folder.path / "tuned").mkdir()
    folder.write("mlxk.yaml", 'mlxk: 1\noverrides: {"org/*": {model: {adapter: ./tuned}}}\n')
    folder.write("profiles/p.yaml", "mlxk: 1\nmodel: org/model\n")
    assert folder.resolve("p").profile.model.adapter == str(folder.path / "tuned")


def test_a_tokenizer_of_the_hub_is_no_path(folder: Any) -> None:
    folder.profile("model: {repo: org/model, tokenizer: org/words}\n")
    assert folder.resolve("p.yaml").profile.model.tokenizer == "org/words"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("model: {repo: org/m, adapter: ./nothing}", "E110", "there is no such adapter folder"),
        ("model: {repo: org/m, draft: {tokens: 4}}", "E106", "no draft model"),
        ("model: {repo: org/m, draft: {repo: org/s, path: ./s}}", "E107", "exclude each other"),
        ("model: {repo: org/m, draft: {path: ./s, revision: main}}", "E107", "not for folders"),
        ("model: {repo: org/m, draft: {repo: 'a b'}}", "E109", "not a model reference"),
        ("model: {repo: org/m, draft: {repo: org/s, tokens: 0}}", "E105", "tokens"),
        ("model: org/m\nengine: {kv_bits: 5}", "E104", "kv_bits"),
        ("model: org/m\nengine: {kv_group_size: 32}", "E107", "does nothing without `engine.kv_bits`"),
        ("model: org/m\nengine: {quantized_kv_start: 9}", "E107", "does nothing without `engine.kv_bits`"),
        ("model: org/m\nengine: {prompt_cache: {path: c, disk_bytes: 2}}", "E103", "disk_bytes"),
        ("model: org/m\nengine: {prompt_cache: {path: c, disk_bytes: 2 apples}}", "E109", "not a size"),
        (
            "model: org/m\nengine: {prompt_cache: {disk_bytes: 2GB}}",
            "E107",
            "does nothing without `engine.prompt_cache.path`",
        ),
        (
            "model: org/m\nengine: {prompt_cache: {path: c, entries: 0}}",
            "E107",
            "does nothing without a prompt cache in memory",
        ),
        ("model: org/m\nengine: {isolation: container}", "E104", "isolation"),
    ],
)
def test_what_does_not_go_together_is_refused(folder: Any, text: str, code: str, words: str) -> None:
    folder.profile(f"{text}\n")
    (item,) = folder.errors()
    assert item.code == code
    assert words in item.message
