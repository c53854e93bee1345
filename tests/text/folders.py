"""Model folders made on the spot: a real tokenizer with the special tokens of a family, and its template."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from mlxk.config.schema import Profile
from mlxk.events import BlockDelta, BlockEnd, BlockStart, Event
from mlxk.hub.facts import ModelFacts
from mlxk.requests import GenerationRequest, Message, Tool
from mlxk.text import Decoder, TextModel

CORPUS = (
    "The quick brown fox jumps over the lazy dog. Hello there, how are you today? Grüße aus 世界! 🎉\n"
    '{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}\n'
    "assistant user system analysis commentary final functions json to=functions.get_weather\n"
    "<think> </think> <tool_call> </tool_call> <function=f> <parameter=p> 0 1 2 3 4 5 6 7 8 9\n"
)
CHATML = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""
WEATHER = Tool(
    "get_weather",
    "Weather of a city",
    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
)
ADD = Tool(
    "add",
    "Add numbers",
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
)
HELLO = (Message("user", "Hello"),)


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([CORPUS] * 4, trainer)
    return tokenizer


def sentencepiece(*, strip: bool = True) -> Tokenizer:
    """Llama-2's kind: `▁` before the text, byte fallback, the first space stripped in decoding."""
    vocab = {"<unk>": 0, **{f"<0x{byte:02X}>": 1 + byte for byte in range(256)}}
    for char in sorted(set(CORPUS.replace("🎉", "").replace("世", "").replace(" ", "▁").replace("\n", ""))):
        vocab.setdefault(char, len(vocab))
    merges = [("H", "e"), ("He", "l"), ("▁", "Hel"), ("l", "o"), ("▁Hel", "lo"), ("t", "h"), ("▁", "th")]
    for left, right in merges:
        vocab.setdefault(left + right, len(vocab))
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if strip else steps)
    return tokenizer


def metaspace() -> Tokenizer:
    """A decoder that has no table: the window's case."""
    tokenizer = sentencepiece()
    tokenizer.normalizer = None
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


KINDS = {"byte_level": byte_level, "sentencepiece": sentencepiece, "metaspace": metaspace}


def write_folder(
    path: Path,
    *,
    template: str | None = CHATML,
    special: Sequence[str] = (),
    added: Sequence[str] = (),
    kind: Literal["byte_level", "sentencepiece", "metaspace"] = "byte_level",
    config: dict[str, Any] | None = None,
    eos: str | None = None,
) -> Path:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja."""
    path.mkdir(parents=True, exist_ok=True)
    tokenizer = KINDS[kind]()
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in added])
    tokenizer.save(str(path / "tokenizer.json"))
    content = {"tokenizer_class": "PreTrainedTokenizerFast", **(config or {})}
    if eos is not None:
        content["eos_token"] = eos
    (path / "tokenizer_config.json").write_text(json.dumps(content))
    if template is not None:
        (path / "chat_template.jinja").write_text(template)
    return path


def load_text(path: Path, *, eos_ids: tuple[int, ...] = (), **profile: Any) -> TextModel:
    model = {"repo": "test/model", **profile.pop("model", {})}
    facts = ModelFacts(path, "test/model", {"model_type": "llama"}, {"eos_token_id": list(eos_ids)}, ())
    return TextModel.load(facts, Profile.model_validate({"model": model, **profile}))


@dataclass(frozen=True)
class Said:
    """A whole output: its blocks as (kind, name, text), and what the decoder says of it."""

    blocks: list[tuple[str, str | None, str]]
    warnings: tuple[str, ...]
    stop_sequence: str | None
    reasoning_tokens: int


def fold(events: Sequence[Event]) -> list[tuple[str, str | None, str]]:
    """Blocks of events; fails when the events break the grammar of `mlxk.events`."""
    blocks: list[tuple[str, str | None, str]] = []
    open_index: int | None = None
    for event in events:
        match event:
            case BlockStart():
                assert open_index is None
                assert event.index == len(blocks)
                assert (event.kind == "tool_call") == (event.name is not None) == (event.id is not None)
                open_index = event.index
                blocks.append((event.kind, event.name, ""))
            case BlockDelta():
                assert event.index == open_index
                assert event.text
                kind, name, text = blocks[-1]
                blocks[-1] = (kind, name, text + event.text)
            case BlockEnd():
                assert event.index == open_index
                assert blocks[-1][2] or blocks[-1][0] == "tool_call"
                open_index = None
            case _:
                raise AssertionError(event)
    assert open_index is None
    return blocks


def decode(
    text: TextModel,
    ids: Sequence[int],
    request: GenerationRequest,
    *,
    sizes: Sequence[int] = (),
    reason: Literal["stop", "length", "cancelled"] = "stop",
) -> Said:
    """Decode ids in portions of `sizes` (repeated), or at once."""
    decoder: Decoder = text.decoder(text.render(request), request)
    events: list[Event] = []
    place, turn = 0, 0
    while place < len(ids):
        size = sizes[turn % len(sizes)] if sizes else len(ids)
        events += decoder.feed(ids[place : place + size])
        place, turn = place + size, turn + 1
    events += decoder.finish(reason)
    return Said(fold(events), decoder.warnings, decoder.stop_sequence, decoder.reasoning_tokens)
