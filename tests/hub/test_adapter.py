"""What an adapter's folder must hold, and what is said where it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mlxk.errors import ModelError
from mlxk.hub import adapter
from tests.models import make_adapter


def _settings(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "adapter_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return change


def _peft(folder: Path) -> None:
    (folder / "adapters.safetensors").rename(folder / "adapter_model.safetensors")


def _cut_off(folder: Path) -> None:
    file = folder / "adapters.safetensors"
    file.write_bytes(file.read_bytes()[:-10])


def _half(folder: Path) -> None:
    import mlx.core as mx

    file = folder / "adapters.safetensors"
    tensors = mx.load(str(file))
    mx.save_safetensors(str(file), {name: value for name, value in tensors.items() if "lora_b" not in name})


DAMAGES = {
    "no weights": (lambda folder: (folder / "adapters.safetensors").unlink(), "has no adapters.safetensors"),
    "no settings": (lambda folder: (folder / "adapter_config.json").unlink(), "has no adapter_config.json"),
    "PEFT": (_peft, "in the format of PEFT"),
    "cut off": (_cut_off, "truncated or corrupt"),
    "full": (_settings(fine_tune_type="full"), "a 'full' fine-tune, not LoRA or DoRA"),
    "alpha": (_settings(lora_parameters={"rank": 4, "alpha": 8}), "no number `lora_parameters.scale`"),
    "other rank": (
        _settings(lora_parameters={"rank": 9, "scale": 8.0}),
        "ranks do not agree: 4 in lora_a, 4 in lora_b",
    ),
    "half": (_half, "has no pair of lora_a and lora_b"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_adapter_is_refused(qwen3_path: Path, tmp_path: Path, name: str) -> None:
    damage, words = DAMAGES[name]
    folder = make_adapter(tmp_path / "mine", qwen3_path)
    damage(folder)
    with pytest.raises(ModelError) as caught:
        adapter.read(folder)
    assert words in caught.value.message
    assert caught.value.message.startswith("the adapter mine")
    assert caught.value.hint


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no adapter folder"):
        adapter.read(tmp_path / "nothing")


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_a_whole_one_is_taken(qwen3_path: Path, tmp_path: Path, kind: str) -> None:
    facts = adapter.read(make_adapter(tmp_path / "mine", qwen3_path, kind=kind))
    assert (facts.kind, facts.path) == (kind, tmp_path / "mine")


def test_experts_have_ranks_too(gpt_oss_path: Path, tmp_path: Path) -> None:
    assert adapter.read(make_adapter(tmp_path / "mine", gpt_oss_path, keys=None)).kind == "lora"
