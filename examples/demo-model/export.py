"""From a checkpoint to the folder that ships: MLX weights in 8 bits, configs, templates.

Run it where mlx-lm is installed; PyTorch is not needed. The weights keep float32 scales: on a CPU
they are as fast as float32 weights, where float16 scales are many times slower.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten
from mlx_lm.models.qwen3 import Model, ModelArgs

HERE = Path(__file__).parent
BITS, GROUP_SIZE = 8, 64
ENDS = ("<|im_end|>", "<|endoftext|>", "<|return|>", "<|call|>")
TOLERANCE = 1e-4


def token_ids(build: Path) -> dict[str, int]:
    tokenizer = json.loads((build / "tokenizer.json").read_text(encoding="utf-8"))
    return {token["content"]: token["id"] for token in tokenizer["added_tokens"]}


def config_of(checkpoint: Path, ids: dict[str, int]) -> dict[str, object]:
    network = json.loads((checkpoint / "model.json").read_text())
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        **network,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "eos_token_id": [ids[end] for end in ENDS],
        "pad_token_id": ids["<|endoftext|>"],
    }


def load(checkpoint: Path, config: dict[str, object]) -> Model:
    model = Model(ModelArgs.from_dict(config))
    model.load_weights(str(checkpoint / "weights.safetensors"), strict=True)
    return model


def largest_difference(model: Model, checkpoint: Path) -> float:
    """Between MLX's logits and those that PyTorch wrote beside the checkpoint."""
    reference = mx.load(str(checkpoint / "reference.safetensors"))
    logits = model(reference["tokens"])
    return mx.abs(logits - reference["logits"]).max().item()


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def export(build: Path, checkpoint: Path, out: Path) -> None:
    ids = token_ids(build)
    config = config_of(checkpoint, ids)
    model = load(checkpoint, config)
    difference = largest_difference(model, checkpoint)
    if difference > TOLERANCE:
        raise SystemExit(f"MLX and PyTorch disagree by {difference:.1e}")
    nn.quantize(model, group_size=GROUP_SIZE, bits=BITS)
    print(f"logits differ by {difference:.1e} before, "
          f"{largest_difference(model, checkpoint):.1e} after quantisation")  # fmt: skip
    quantization = {"group_size": GROUP_SIZE, "bits": BITS, "mode": "affine"}
    (out / "additional_chat_templates").mkdir(parents=True, exist_ok=True)
    weights = dict(tree_flatten(model.parameters()))
    mx.save_safetensors(str(out / "model.safetensors"), weights, metadata={"format": "mlx"})
    write_json(out / "config.json", {**config, "quantization": quantization})
    greedy = {"do_sample": False, "eos_token_id": config["eos_token_id"]}
    write_json(out / "generation_config.json", {**greedy, "pad_token_id": config["pad_token_id"]})
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(build / name, out / name)
    templates = HERE / "templates"
    shutil.copy(templates / "chat_template.jinja", out / "chat_template.jinja")
    shutil.copy(templates / "harmony.jinja", out / "additional_chat_templates" / "harmony.jinja")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--checkpoint", default="checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    export(arguments.build, arguments.build / arguments.checkpoint, arguments.out)


if __name__ == "__main__":
    main()
