"""Facts of a model folder, and every way a folder can be broken."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from mlxk.errors import ModelError
from mlxk.hub import facts


def write_safetensors(file: Path, tensors: dict[str, bytes]) -> None:
    """A safetensors file of unsigned bytes, as the format describes it."""
    header, offset = {}, 0
    for name, data in tensors.items():
        header[name] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    encoded = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(encoded)) + encoded + b"".join(tensors.values()))


def _header(text: str) -> bytes:
    """A weights file that is nothing but such a header."""
    return struct.pack("<Q", len(text)) + text.encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = {"model_type": "qwen3", "max_position_embeddings": 512, "eos_token_id": 7}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [3, 7], "top_k": 20}))
    (tmp_path / "tokenizer.json").write_text("{}")
    write_safetensors(tmp_path / "model.safetensors", {"weight": b"abcd"})
    return tmp_path


def test_facts_of_a_whole_folder(folder: Path) -> None:
    read = facts.read(folder, "org/name")
    assert read.reference == "org/name"
    assert read.model_type == "qwen3"
    assert read.context_length == 512
    assert read.eos_token_ids == (3, 7)
    assert read.generation_config["top_k"] == 20
    assert read.weights_bytes == (folder / "model.safetensors").stat().st_size


def test_context_length_of_a_nested_text_config(folder: Path) -> None:
    config = {"model_type": "gemma3", "text_config": {"max_position_embeddings": 2048, "eos_token_id": [1]}}
    (folder / "config.json").write_text(json.dumps(config))
    read = facts.read(folder)
    assert read.context_length == 2048
    assert read.eos_token_ids == (3, 7, 1)


def test_context_length_defaults_when_the_config_is_silent(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "mamba", "max_position_embeddings": 0}))
    assert facts.read(folder).context_length == 4096


@pytest.mark.parametrize(
    "odd",
    [
        {"text_config": "none"},
        {"text_config": [1]},
        {"torch_dtype": {"a": 1}},
        {"dtype": [1], "vocab_size": "x"},
    ],
)
def test_values_of_other_types_are_as_good_as_none(folder: Path, odd: dict[str, object]) -> None:
    config = {"model_type": "qwen3", "max_position_embeddings": 512, **odd}
    (folder / "config.json").write_text(json.dumps(config))
    read = facts.read(folder)
    assert (read.context_length, read.vocabulary, read.eos_token_ids) == (512, None, (3, 7))
    assert isinstance(read.quantization, str)


def test_a_missing_generation_config_is_no_error(folder: Path) -> None:
    (folder / "generation_config.json").unlink()
    assert facts.read(folder).generation_config == {}


def test_shards_come_from_the_index(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    write_safetensors(folder / "model-00001-of-00002.safetensors", {"a": b"12"})
    write_safetensors(folder / "model-00002-of-00002.safetensors", {"b": b"345"})
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert [file.name for file in facts.read(folder).weight_files] == sorted(index["weight_map"].values())
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ModelError, match=r"1 of 2 weight files are missing.*00002-of-00002") as caught:
        facts.read(folder)
    assert "resumes" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", None, "no config.json"),
        ("config.json", b"{", "config.json cannot be read"),
        ("config.json", b"[]", "not a JSON object"),
        ("config.json", b"{}", "no `model_type`"),
        ("config.json", b"\xff\xfe", "config.json cannot be read"),
        ("config.json", b"[" * 100_000, "config.json cannot be read"),
        ("generation_config.json", b"nonsense", "generation_config.json cannot be read"),
        ("tokenizer.json", None, "no tokenizer"),
        ("model.safetensors", None, "no weights"),
        ("model.safetensors", b"", "corrupt"),
        ("model.safetensors", b"\x01", "corrupt"),
        ("model.safetensors", b"\xff" * 64, "corrupt"),
        ("model.safetensors", struct.pack("<Q", 2) + b"[]", "corrupt"),
        ("model.safetensors", struct.pack("<Q", 8) + b'{"a": 1}', "corrupt"),
        (
            "model.safetensors",
            _header('{"a": {"dtype": "U8", "shape": [Infinity], "data_offsets": [0, 1]}}'),
            "corrupt",
        ),
        ("model.safetensors", _header('{"a": ' + "[" * 100_000), "corrupt"),
        ("model.safetensors.index.json", b"{", "index.json cannot be read"),
    ],
)
def test_a_broken_file_is_named(folder: Path, file: str, content: bytes | None, message: str) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        facts.read(folder)
    assert caught.value.hint


def test_every_truncation_of_the_weights_is_found(folder: Path) -> None:
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="corrupt"):
            facts.read(folder)


def test_a_foreign_format_is_told(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelError) as caught:
        facts.read(folder)
    assert "pytorch_model.bin is not a format MLX loads" in (caught.value.hint or "")
