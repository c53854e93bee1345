"""A tokenizer that the profile names instead of the model's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlxk.config.schema import Profile
from mlxk.errors import ModelError
from mlxk.hub import facts
from mlxk.requests import GenerationRequest, Message
from mlxk.text import TextModel
from tests.models import make_gpt_oss, make_qwen3

PROFILE = Profile.model_validate({"model": "org/model"})
HELLO = GenerationRequest(messages=(Message("user", "hello"),))


def load(model: Path, tokenizer: Path | None, profile: Profile = PROFILE) -> TextModel:
    return TextModel.load(facts.read(model, tokenizer=tokenizer), profile)


def test_it_writes_the_prompt_with_its_own_template(gpt_oss_path: Path, qwen3_path: Path) -> None:
    own, other = load(gpt_oss_path, None), load(gpt_oss_path, qwen3_path)
    assert other.render(HELLO) == load(qwen3_path, None).render(HELLO)
    assert other.render(HELLO).text != own.render(HELLO).text


def test_the_model_s_template_stays_where_it_has_none(qwen3_path: Path, tmp_path: Path) -> None:
    words = shutil.copytree(qwen3_path, tmp_path / "words")
    (words / "chat_template.jinja").unlink()
    assert load(qwen3_path, words).render(HELLO) == load(qwen3_path, None).render(HELLO)


def test_the_model_needs_none_then(qwen3_path: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(qwen3_path, tmp_path / "bare")
    (bare / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="no tokenizer"):
        facts.read(bare)
    assert load(bare, qwen3_path).render(HELLO).tokens == load(qwen3_path, None).render(HELLO).tokens
    with pytest.raises(ModelError, match="bare: the folder has no tokenizer"):
        facts.read(qwen3_path, tokenizer=bare)


def test_one_that_is_too_large_is_refused(tmp_path: Path) -> None:
    small = make_qwen3(tmp_path / "small", vocab=300)
    large = make_gpt_oss(tmp_path / "large")
    with pytest.raises(ModelError, match=r"large has [0-9]+ tokens, and small knows 300"):
        load(small, large)


CODE = """
from transformers import PreTrainedTokenizerFast
class Mine(PreTrainedTokenizerFast):
    def __init__(self, vocab_file=None, **more):
        super().__init__(tokenizer_file=vocab_file, **more)
    vocab_files_names = {"vocab_file": "vocab.json"}
"""


def test_code_of_a_tokenizer_runs_only_if_it_is_trusted(
    qwen3_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    words = shutil.copytree(qwen3_path, tmp_path / "words")
    (words / "tokenizer.json").rename(words / "vocab.json")
    (words / "mine.py").write_text(CODE)
    (words / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "Mine", "auto_map": {"AutoTokenizer": ["mine.Mine", null]},'
        ' "eos_token": "<|im_end|>"}'
    )
    with pytest.raises(ModelError, match="brings Python code of its own, and may not run it") as caught:
        load(words, None)
    assert "trust_remote_code: true" in (caught.value.hint or "")
    trusted = Profile.model_validate({"model": {"repo": "org/model", "trust_remote_code": True}})
    assert load(words, None, trusted).count("Hello, how are you?") == load(qwen3_path, None).count(
        "Hello, how are you?"
    )
