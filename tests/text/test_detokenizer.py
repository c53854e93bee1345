"""Detokenisers: what they say in total is what `tokenizers` decodes, and no broken character on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlxk.requests import GenerationRequest
from mlxk.text import TextModel
from mlxk.text.detokenizer import ByteDetokenizer, RunDetokenizer, WindowDetokenizer
from tests.text.folders import KINDS, decode, load_text, write_folder

TEXTS = st.text(st.sampled_from("Hello the🎉👩‍👧世界é ▁<>\n\t"), max_size=30)


@pytest.fixture(scope="module", params=sorted(KINDS))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    path = tmp_path_factory.mktemp("model")
    return load_text(write_folder(path, kind=request.param, special=("<|im_start|>", "<|im_end|>")))


def pieces(model: TextModel, ids: tuple[int, ...], *, strip: bool = True) -> list[str]:
    detokenizer = model._detokenizer(strip=strip)
    return [*(detokenizer.feed(token) for token in ids), detokenizer.flush()]


def test_which_detokenizer_is_used(model: TextModel) -> None:
    kind = type(model._detokenizer(strip=True))
    assert kind in (ByteDetokenizer, RunDetokenizer, WindowDetokenizer)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_the_total_is_what_tokenizers_decodes(model: TextModel, text: str) -> None:
    ids = model.encode(text)
    said = pieces(model, ids)
    assert "".join(said) == model.decode(ids)
    if "\ufffd" not in model.decode(ids):
        assert not any("\ufffd" in piece for piece in said)


@settings(max_examples=150, deadline=None)
@given(data=st.lists(st.integers(0, 255), max_size=12))
def test_bytes_that_are_no_utf8(byte_model: TextModel, data: list[int]) -> None:
    """Byte-level BPE: any bytes at all, the same replacement characters as the library's."""
    singles = [byte_model.encode(chr(byte))[0] if byte < 128 else None for byte in data]
    alphabet = {value[0]: index for index in range(300) if len(value := byte_model.token_text(index)[1]) == 1}
    ids = tuple(alphabet[byte] for byte in data)
    assert len(singles) == len(ids)
    assert "".join(pieces(byte_model, ids)) == byte_model.decode(ids)


@pytest.fixture(scope="module")
def byte_model(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    return load_text(write_folder(tmp_path_factory.mktemp("bytes")))


def test_an_emoji_over_four_tokens(model: TextModel) -> None:
    ids = model.encode("a🎉")
    if model.tokenizer.token_id("🎉") is None and "🎉" in model.decode(ids):
        assert "🎉" in pieces(model, ids)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_tokens_at_all_say_what_the_library_says(model: TextModel, data: st.DataObject) -> None:
    """Broken bytes, runs of them, words between them: the same replacement characters."""
    size = model.tokenizer.backend.get_vocab_size()
    ids = tuple(data.draw(st.lists(st.integers(0, min(size, 300) - 1), max_size=12)))
    assert "".join(pieces(model, ids)) == model.decode(ids)


def test_a_run_of_broken_bytes(tmp_path: Path) -> None:
    """SentencePiece's bytes are read a run at a time: one that is no text spoils all of it."""
    text = load_text(write_folder(tmp_path, kind="sentencepiece"))
    broken = tuple(text.token_id(f"<0x{byte:02X}>") or 0 for byte in (*"é".encode(), 0xFF))
    word = text.token_id("▁th") or 0
    assert pieces(text, (word, *broken, word)) == ["th", "", "", "", "\ufffd\ufffd\ufffd th", ""]
    assert "".join(pieces(text, (word, *broken, word))) == text.decode((word, *broken, word))


def test_the_first_space(tmp_path: Path) -> None:
    text = load_text(write_folder(tmp_path, kind="sentencepiece"))
    ids = text.encode("Hello Hello")
    assert "".join(pieces(text, ids)) == "Hello Hello"
    assert "".join(pieces(text, ids, strip=False)) == " Hello Hello"


def test_a_raw_completion_carries_on_with_its_space(tmp_path: Path) -> None:
    text = load_text(write_folder(tmp_path, kind="sentencepiece", special=("<|im_end|>",)))
    request = GenerationRequest(prompt="Hello")
    ids = (*text.encode("Hello"), text.token_id("<|im_end|>") or 0)
    assert decode(text, ids, request).blocks == [("text", None, " Hello")]


def test_ids_beyond_the_vocabulary_say_nothing(byte_model: TextModel) -> None:
    assert pieces(byte_model, (10**6,)) == ["", ""]
    assert byte_model.token_text(10**6) == ("", b"")


def test_token_text(byte_model: TextModel) -> None:
    tokens = [byte_model.token_text(token) for token in byte_model.encode("🎉")]
    assert b"".join(raw for _, raw in tokens).decode() == "🎉"
    assert tokens[0][0] == "\ufffd"
