"""Names of settings that are not, or no longer, this language's: one table for `mlxk migrate` and for hints.

Version 1 is the first, so nothing was renamed within it yet; what a later version renames is a row here. The
rows are names that people bring: from requests in OpenAI's form, mlx_lm and its server, Ollama, llama.cpp,
vLLM and mlx-knife. A name means the same wherever settings stand: in a profile, `defaults`, an entry of
`models`, a variant or an override; at its top, in a section of it, or in one of Ollama's `options`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlxk.config import shape
from mlxk.config.schema import Settings, model_table

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it stands in the file. `kind` is a YAML tag's last part, "seq" or "map"."""

    kind: str
    value: str
    text: str


Convert = Callable[[Mapping[str, Written]], str | None]


@dataclass(frozen=True, slots=True)
class Rename:
    """`names` are written `to` here.

    `only` limits a row to kinds of values; a name that is this language's too needs it. `convert` gives the
    new value as YAML in one line, from the values by name, or None where there is no counterpart: then `help`
    says what to do. The names of a `joined` row make one value; those of another exclude each other.
    """

    names: tuple[str, ...]
    to: Keys
    only: frozenset[str] | None = None
    convert: Convert | None = None
    help: str | None = None
    joined: bool = False


def _one(change: Callable[[Written], str | None]) -> Convert:
    return lambda values: next(map(change, values.values()))


def _limit(value: Written) -> str | None:
    return None if value.kind == "int" and int(value.value) < 0 else value.text


def _listed(value: Written) -> str:
    return value.text if value.kind == "seq" else f"[{value.text}]"


def _seconds(value: Written) -> str | None:
    if value.kind != "int":
        return value.text if re.fullmatch(r"[0-9]+[smh]|never|\$\{.*", value.value) else None
    return "never" if int(value.value) < 0 else f"{value.value}s"


def _size(value: Written) -> str | None:
    units = {"k": "KiB", "m": "MiB", "g": "GiB", "": ""}
    found = re.fullmatch(r"([0-9]+)([kmg]?)b?", value.value.lower())
    return f'"{found[1]}{units[found[2]]}"' if found is not None else None


def _repository(value: Written) -> str | None:
    return value.text if "repo" in model_table(value.value) else None


def _listen(values: Mapping[str, Written]) -> str | None:
    host = values["host"].value if "host" in values else "127.0.0.1"
    port = values["port"].value if "port" in values else "8080"
    if re.search(r"[\s\"\\]", host + port):
        return None
    listen = f"[{host}]:{port}" if re.fullmatch(r"[0-9a-fA-F]*:[0-9a-fA-F:]*", host) else f"{host}:{port}"
    return listen if re.fullmatch(r"[\w.-]+:[0-9]+", listen) else f'"{listen}"'


_LIST: Mapping[str, Any] = {"convert": _one(_listed)}
_LIMIT: Mapping[str, Any] = {
    "convert": _one(_limit),
    "help": "take it away: without it, the limit is that of the model",
}
_TTL: Mapping[str, Any] = {
    "convert": _one(_seconds),
    "help": "write a number with s, m or h, such as 15m, or `never`",
}
_SCALARS = frozenset({"str", "int", "float", "bool"})
_LISTS = frozenset({"str", "seq"})

RENAMES: tuple[Rename, ...] = (
    # OpenAI's requests; what is one name in several places is listed once.
    Rename(
        (
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "max_new_tokens",
            "num_predict",
            "n_predict",
        ),
        ("tokens", "max_output"),
        **_LIMIT,
    ),
    Rename(
        ("num_ctx", "n_ctx", "ctx_size", "context_length", "context_size", "context_window", "max_model_len"),
        ("tokens", "context"),
        **_LIMIT,
    ),
    Rename(("thinking_budget", "reasoning_budget", "budget_tokens"), ("tokens", "max_reasoning"), **_LIMIT),
    Rename(("system_prompt", "system_message", "instructions"), ("system",)),
    Rename(("stop",), ("stop", "sequences"), only=_LISTS, **_LIST),
    Rename(("stop_sequences", "stop_strings", "stop_words"), ("stop", "sequences"), only=_LISTS, **_LIST),
    Rename(("stop_tokens",), ("stop", "tokens"), only=_LISTS, **_LIST),
    Rename(("reasoning_effort",), ("reasoning", "effort"), only=frozenset({"str"})),
    Rename(("enable_thinking", "think", "thinking"), ("reasoning", "enabled"), only=frozenset({"bool"})),
    Rename(("reasoning",), ("reasoning", "enabled"), only=frozenset({"bool"})),
    # Sampling, under its own names in the wrong place and under others'.
    *(Rename((name,), ("sampling", name)) for name in shape.keys(shape.at(Settings, ("sampling",)))),
    Rename(("temp",), ("sampling", "temperature")),
    Rename(("repeat_penalty",), ("sampling", "repetition_penalty")),
    Rename(("repetition_context_size", "repeat_last_n"), ("sampling", "repetition_context"), **_LIMIT),
    Rename(("presence_context_size",), ("sampling", "presence_context")),
    Rename(("frequency_context_size",), ("sampling", "frequency_context")),
    # The server's own.
    Rename(
        ("host", "port"),
        ("server", "listen"),
        only=_SCALARS,
        convert=_listen,
        help="write `server.listen` as host:port",
        joined=True,
    ),
    Rename(("allowed_origins", "cors_origins"), ("server", "cors"), only=_LISTS, **_LIST),
    Rename(("api_key",), ("server", "api_keys"), only=frozenset({"str"}), **_LIST),
    Rename(("served_model_name",), ("aliases",), only=_LISTS, **_LIST),
    Rename(("chat_template_args",), ("chat_template_kwargs",), only=frozenset({"map"})),
    Rename(("from",), ("model",), only=frozenset({"str"})),
    Rename(("chat_template",), ("model", "chat_template"), only=frozenset({"str"})),
    Rename(("revision",), ("model", "revision"), only=frozenset({"str"})),
    Rename(("adapter_path",), ("model", "adapter"), only=frozenset({"str"})),
    Rename(
        ("draft_model",),
        ("model", "draft", "repo"),
        only=frozenset({"str"}),
        convert=_one(_repository),
        help="write a folder as `model.draft.path`",
    ),
    Rename(("num_draft_tokens",), ("model", "draft", "tokens")),
    Rename(("decode_concurrency", "max_num_seqs", "n_parallel"), ("engine", "concurrency")),
    Rename(
        ("log_level",),
        ("log", "level"),
        only=frozenset({"str"}),
        convert=_one(lambda value: value.value.lower()),
    ),
    Rename(("prefill_step_size",), ("engine", "prefill_step")),
    Rename(("prompt_cache_size",), ("engine", "prompt_cache", "entries")),
    Rename(
        ("prompt_cache_bytes",),
        ("engine", "prompt_cache", "bytes"),
        convert=_one(_size),
        help="write a number with KiB, MiB or GiB",
    ),
    # llama-swap counts seconds; so does Ollama, with -1 for ever.
    Rename(("ttl",), ("ttl",), only=frozenset({"int"}), **_TTL),
    Rename(("keep_alive",), ("ttl",), **_TTL),
)

_BY_NAME: Mapping[str, tuple[Rename, ...]] = {
    name: tuple(row for row in RENAMES if name in row.names) for row in RENAMES for name in row.names
}
# Mappings of settings that other tools have.
FOREIGN_SECTIONS = ("options", "parameters", "params", "generation", "generation_config")


def normal(name: str) -> str:
    """`maxTokens`, `max-tokens` and `max_tokens+` are all `max_tokens`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix("+")).replace("-", "_").lower()


def is_scope(annotation: Any) -> bool:
    """Whether settings stand here: a profile, a variant, an override."""
    section = shape.as_section(annotation)
    return section is not None and issubclass(section, Settings)


def containers(scope: Any) -> tuple[str, ...]:
    """The sections of a scope in which a name of this table may be found."""
    sections = tuple(key for key in shape.keys(scope) if key in _SECTIONS)
    return sections + tuple(key for key in FOREIGN_SECTIONS if key not in shape.keys(scope))


_SECTIONS = ("sampling", "tokens", "stop", "reasoning", "engine", "server")


def find(name: str, kind: str | None, scope: Any, container: Keys) -> Rename | None:
    """What a key of a scope, or of one of its `containers`, is called here; `None` if it needs no change.

    `kind` is the value's, `None` where only the name is known.
    """
    if container and container not in [(section,) for section in containers(scope)]:
        return None
    known = shape.keys(shape.at(scope, container))
    plain, spelled = name.removesuffix("+"), normal(name)
    for row in _BY_NAME.get(spelled, ()):
        if plain in known and not _reshapes(row, kind, (*container, plain)):
            continue
        fits = row.only is None or kind is None or kind in row.only
        if fits and shape.at(scope, row.to) is not None:
            return row
    if plain in known:
        return None
    if spelled in known:
        return Rename((spelled,), (*container, spelled))
    # At the top, what only one section has belongs there.
    homes = [section for section in shape.keys(scope) if spelled in shape.keys(shape.at(scope, (section,)))]
    return Rename((spelled,), (homes[0], spelled)) if len(homes) == 1 and not container else None


def _reshapes(row: Rename, kind: str | None, place: Keys) -> bool:
    """A key of this language with another tool's kind of value: `stop: ["END"]`, `ttl: 600`."""
    return row.only is not None and kind in row.only and row.to[: len(place)] == place
