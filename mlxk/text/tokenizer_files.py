"""The files of a model's tokenizer: `tokenizer.json`, and what its config adds to it.

Tokens and special flags declared in tokenizer_config.json are added as transformers adds them. transformers
itself is imported only for models that have no tokenizer.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import AddedToken
from tokenizers import Tokenizer as Backend

from mlxk.errors import ModelError

NAMED_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def read_folder(path: Path, *, trust_remote_code: bool) -> tuple[Backend, dict[str, Any], dict[str, str]]:
    """A folder's tokenizer, its config, and its named tokens; raises `ModelError`."""
    config = read_json(path / "tokenizer_config.json")
    named = _named_tokens(config, read_json(path / "special_tokens_map.json"))
    file = path / "tokenizer.json"
    backend = _read_backend(file) if file.is_file() else _from_transformers(path, trust_remote_code)
    _add_declared(backend, config, named)
    return backend, config, named


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file, empty if there is none; raises `ModelError` for anything else."""
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _corrupt(file, str(error)) from error
    if not isinstance(content, dict):
        raise _corrupt(file, "it is not a JSON object")
    return content


def token_text(value: object) -> str | None:
    """A token in a config is a string, or an object with its `content`."""
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _corrupt(file: Path, reason: str) -> ModelError:
    return ModelError(
        f"{file.name} of {file.parent} cannot be read: {reason}", hint="download the model again"
    )


def _read_backend(file: Path) -> Backend:
    try:
        return Backend.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing more precise
        raise _corrupt(file, str(error)) from error


def _from_transformers(path: Path, trust_remote_code: bool) -> Backend:
    if not any(
        (path / name).is_file() for name in ("tokenizer.model", "vocab.json", "vocab.txt", "tiktoken.model")
    ):
        raise ModelError(f"{path} has no tokenizer.json", hint="download the model again")
    if _brings_code(path) and not trust_remote_code:
        raise ModelError(
            f"the tokenizer of {path} brings Python code of its own, and may not run it",
            hint="use a conversion of this model that has a tokenizer.json; or, if you trust its authors, "
            "say `model: {trust_remote_code: true}` in the profile",
        )
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"transformers cannot read the tokenizer of {path}: {error}",
            hint="use a conversion of this model that has a tokenizer.json",
        ) from error
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Backend):
        raise ModelError(
            f"the tokenizer of {path} has no fast form",
            hint="use a conversion of this model that has a tokenizer.json",
        )
    return backend


def _brings_code(path: Path) -> bool:
    """Whether transformers would import the tokenizer's class from the folder."""
    return "AutoTokenizer" in (read_json(path / "tokenizer_config.json").get("auto_map") or {})


def _named_tokens(config: Mapping[str, Any], older: Mapping[str, Any]) -> dict[str, str]:
    """Special tokens by the names under which chat templates see them. The config's own word wins."""
    names = [*NAMED_TOKENS, *(key for key in config if key.endswith("_token") and key not in NAMED_TOKENS)]
    texts = {name: token_text(config[name] if name in config else older.get(name)) for name in names}
    extra = config.get("extra_special_tokens")
    if isinstance(extra, Mapping):
        texts |= {name: token_text(value) for name, value in extra.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _add_declared(backend: Backend, config: Mapping[str, Any], named: Mapping[str, str]) -> None:
    """Add tokens that tokenizer_config.json declares and tokenizer.json lacks, in the order of their ids."""
    known = {token.content for token in backend.get_added_tokens_decoder().values()}
    declared = config.get("added_tokens_decoder")
    items = sorted(declared.items(), key=lambda item: int(item[0])) if isinstance(declared, Mapping) else []
    tokens = [AddedToken(**_added_options(item)) for _, item in items if item.get("content") not in known]
    known |= {token.content for token in tokens}
    extra = config.get("additional_special_tokens") or config.get("extra_special_tokens") or ()
    listed = [token_text(item) for item in extra] if isinstance(extra, list) else []
    for text in dict.fromkeys([*named.values(), *(text for text in listed if text is not None)]):
        if text not in known:
            tokens.append(AddedToken(text, special=True, normalized=False))
    if tokens:
        backend.add_tokens(tokens)


def _added_options(item: Mapping[str, Any]) -> dict[str, Any]:
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return {"content": item["content"], **{flag: bool(item[flag]) for flag in flags if flag in item}}
