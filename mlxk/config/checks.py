"""What the schema alone cannot say: rules between keys, held against the merged profile.

Each rule sees the whole `Profile` and yields problems by key path; where the values come from is added by
the caller. Messages name keys, never values.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from mlxk.config.origins import KeyPath, dotted
from mlxk.config.schema import (
    EngineSection,
    KeyLimitsSection,
    Profile,
    PromptCacheSection,
    SamplingSection,
    model_table,
)
from mlxk.config.schema.server import AdminKey, ApiKey

_REPO = re.compile(r"[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)?")
_BUILTIN = re.compile(r"builtin:[a-z0-9_-]+")
_PLAIN_PATH = re.compile(r".*\.(?:jinja2?|txt)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is the key to point at; `other` the one that it conflicts with."""

    code: str
    message: str
    path: KeyPath
    help: str | None = None
    other: KeyPath | None = None


def is_template_file(chat_template: str) -> bool:
    """Whether `model.chat_template` names a file, rather than one of the model's own templates."""
    return "/" in chat_template or _PLAIN_PATH.fullmatch(chat_template) is not None


def is_path(key: str, value: str) -> bool:
    """Whether what stands under this key of `model` is a path on this machine."""
    match key:
        case "path" | "adapter":
            return True
        case "chat_template":
            return is_template_file(value)
        case "tokenizer":
            return "path" in model_table(value)
        case _:
            return False


def problems(profile: Profile) -> Iterator[Problem]:
    """All that is wrong with a merged profile."""
    for rule in _RULES:
        yield from rule(profile)


def _model(profile: Profile) -> Iterator[Problem]:
    model = profile.model
    if model.repo is not None and model.path is not None:
        yield _exclusive(("model", "path"), ("model", "repo"))
    elif profile.models and (model.repo is not None or model.path is not None):
        yield _exclusive(("models",), ("model",))
    elif model.repo is None and model.path is None and not profile.models:
        yield Problem("E106", "no model: neither `model.repo` nor `model.path` is set", ("model",))
    if model.revision is not None and (model.path is not None or (model.repo or "").startswith("builtin:")):
        message = "`model.revision` is for repositories on the Hub, not for folders or built-in models"
        yield Problem("E107", message, ("model", "revision"), "remove it")
    if model.repo is not None and not (_REPO.fullmatch(model.repo) or _BUILTIN.fullmatch(model.repo)):
        message = "not a model reference: expected org/name, builtin:NAME, or a path that begins with ./ or /"
        yield Problem("E109", message, ("model", "repo"))
    template = model.chat_template
    if template is not None and is_template_file(template) and not os.path.isfile(template):
        yield Problem("E110", "there is no such chat template file", ("model", "chat_template"))
    if model.adapter is not None and not os.path.isdir(model.adapter):
        yield Problem("E110", "there is no such adapter folder", ("model", "adapter"))


def _draft(profile: Profile) -> Iterator[Problem]:
    draft = profile.model.draft
    if draft is None:
        return
    if draft.repo is not None and draft.path is not None:
        yield _exclusive(("model", "draft", "path"), ("model", "draft", "repo"))
    elif draft.repo is None and draft.path is None:
        message = "no draft model: neither `model.draft.repo` nor `model.draft.path` is set"
        yield Problem("E106", message, ("model", "draft"))
    if draft.revision is not None and draft.path is not None:
        message = "`model.draft.revision` is for repositories on the Hub, not for folders"
        yield Problem("E107", message, ("model", "draft", "revision"), "remove it")
    if draft.repo is not None and not (_REPO.fullmatch(draft.repo) or _BUILTIN.fullmatch(draft.repo)):
        message = "not a model reference: expected org/name, builtin:NAME, or `path` for a folder"
        yield Problem("E109", message, ("model", "draft", "repo"))


def _tokens(profile: Profile) -> Iterator[Problem]:
    tokens = profile.tokens
    for low, high in (
        ("max_reasoning", "max_output"),
        ("max_output", "context"),
        ("max_reasoning", "context"),
    ):
        small, large = getattr(tokens, low), getattr(tokens, high)
        if small is not None and large is not None and small >= large:
            message = f"`tokens.{low}` must be less than `tokens.{high}`"
            yield Problem("E107", message, ("tokens", low), other=("tokens", high))


def _reasoning(profile: Profile) -> Iterator[Problem]:
    reasoning = profile.reasoning
    if reasoning.format is not None and reasoning.markers is not None:
        yield _exclusive(("reasoning", "format"), ("reasoning", "markers"))
    for index, marker in enumerate(reasoning.markers or ()):
        if marker.start == marker.end:
            path = ("reasoning", "markers", index, "end")
            yield Problem("E107", "a marker's `start` and `end` must differ", path)
    starts: dict[str, int] = {}
    for index, marker in enumerate(reasoning.markers or ()):
        if marker.start in starts:
            path = ("reasoning", "markers", index, "start")
            other = ("reasoning", "markers", starts[marker.start], "start")
            yield Problem("E107", "two markers with the same `start`", path, other=other)
        starts.setdefault(marker.start, index)


def _tools(profile: Profile) -> Iterator[Problem]:
    tools = profile.tools
    if tools.format is not None and tools.markers is not None:
        yield _exclusive(("tools", "format"), ("tools", "markers"))
    for index, marker in enumerate(tools.markers or ()):
        if marker.start == marker.end:
            path = ("tools", "markers", index, "end")
            yield Problem("E107", "a marker's `start` and `end` must differ", path)


def _output(profile: Profile) -> Iterator[Problem]:
    said = [key for key in ("json_schema", "regex", "grammar") if getattr(profile.output, key) is not None]
    for key in said[1:]:
        yield _exclusive(("output", key), ("output", said[0]))


_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_UNITS |= {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def byte_count(text: str) -> int | None:
    """Bytes of a size such as `512MiB`; `None` if it is none."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", text)
    if match is None or match[2] not in _UNITS:
        return None
    return int(float(match[1]) * _UNITS[match[2]])


def percent(text: str) -> float | None:
    """`75%` as 0.75; `None` if it is none."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)%", text)
    return None if match is None or not 0 < float(match[1]) <= 100 else float(match[1]) / 100


def _engine(profile: Profile) -> Iterator[Problem]:
    yield from _prompt_cache(profile.engine.prompt_cache)
    engine, usual = profile.engine, EngineSection()
    for key in ("kv_group_size", "quantized_kv_start"):
        if engine.kv_bits is None and getattr(engine, key) != getattr(usual, key):
            message = f"`engine.{key}` does nothing without `engine.kv_bits`"
            yield Problem("E107", message, ("engine", key), "set `kv_bits`, or remove it")


def _prompt_cache(section: PromptCacheSection) -> Iterator[Problem]:
    place = ("engine", "prompt_cache")
    for key in ("bytes", "disk_bytes"):
        if byte_count(getattr(section, key)) is None:
            message = "not a size: expected a number with MB, GB, MiB or GiB"
            yield Problem("E109", message, (*place, key), "such as 512MiB or 2GiB")
    if section.path is None:
        if section.disk_bytes != PromptCacheSection().disk_bytes:
            message = "`engine.prompt_cache.disk_bytes` does nothing without `engine.prompt_cache.path`"
            yield Problem("E107", message, (*place, "disk_bytes"), "set `path`, or remove it")
    elif section.entries == 0 or byte_count(section.bytes) == 0:
        message = "`engine.prompt_cache.path` does nothing without a prompt cache in memory"
        yield Problem(
            "E107", message, (*place, "path"), "remove it, or give `bytes` and `entries` more than 0"
        )


def _exclusive(path: KeyPath, other: KeyPath) -> Problem:
    message = f"`{dotted(path)}` and `{dotted(other)}` exclude each other"
    help_text = f"remove one of them; `{other[-1]}: null` unsets one that was inherited"
    return Problem("E107", message, path, help_text, other)


# What stands before the path of a Unix socket.
UNIX = "unix:"
# Bytes of a socket's path: 104 on macOS, 108 on Linux, with the zero behind it.
_UNIX_PATH = 103


def split_listen(listen: str) -> tuple[str, int] | None:
    """Host and port of `host:port` or `[v6]:port`; `None` if it is neither."""
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not host or (":" in host) != bracketed or not re.fullmatch(r"[0-9]{1,5}", port):
        return None
    if int(port) > 65535 or re.search(r"[\s/@\[\]]", host):
        return None
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _listen(profile: Profile) -> Iterator[Problem]:
    path = ("server", "listen")
    listen = profile.server.listen
    address = split_listen(listen)
    if listen.startswith(UNIX):
        if len(os.fsencode(listen.removeprefix(UNIX))) > _UNIX_PATH:
            message = f"the path of a Unix socket has at most {_UNIX_PATH} bytes"
            yield Problem("E109", message, path, "choose a folder nearer to the root")
    elif address is None:
        message = "`server.listen` must be host:port, with a port from 0 to 65535, or unix:PATH"
        yield Problem("E109", message, path, "such as 127.0.0.1:8080, [::1]:8080 or unix:./mlxk.sock")
    elif not is_loopback(address[0]) and not _has_keys(profile):
        message = "`server.listen` opens the server to the network, and it has no API keys"
        help_text = "listen on 127.0.0.1, or give it `api_keys`"
        yield Problem("E111", message, path, help_text)


def _tls(profile: Profile) -> Iterator[Problem]:
    tls = profile.server.tls
    if tls is None:
        return
    for name, file in (("certificate", tls.certificate), ("key", tls.key)):
        if not os.path.isfile(file):
            yield Problem("E110", f"there is no such {name} file", ("server", "tls", name))


def _per_key(profile: Profile) -> Iterator[Problem]:
    if profile.server.limits.per_key != KeyLimitsSection() and not _has_keys(profile):
        message = "`server.limits.per_key` does nothing without `server.api_keys`"
        yield Problem("E107", message, ("server", "limits", "per_key"), "add `api_keys`, or remove it")


def _has_keys(profile: Profile) -> bool:
    """API keys lift the limit to this machine."""
    return bool(profile.server.api_keys)


def _keys(profile: Profile) -> Iterator[Problem]:
    yield from _key_list("api_keys", profile.server.api_keys)
    yield from _key_list("admin_keys", profile.server.admin_keys)
    clients = [_key(item) for item in profile.server.api_keys]
    for index, item in enumerate(profile.server.admin_keys):
        if _key(item) in clients:
            message = "a key of administrators must not be one of clients"
            other: KeyPath = ("server", "api_keys", clients.index(_key(item)))
            yield Problem("E107", message, ("server", "admin_keys", index), "make another one", other)


def _key_list(name: str, keys: Sequence[str | ApiKey | AdminKey]) -> Iterator[Problem]:
    names: dict[str, int] = {}
    for index, item in enumerate(keys):
        path: KeyPath = ("server", name, index)
        if not re.fullmatch(r"[!-~]+", _key(item)):
            message = "an API key must be printable ASCII without spaces: nothing else can stand in a header"
            yield Problem("E109", message, path)
        if isinstance(item, str):
            continue
        if item.name in names:
            other: KeyPath = ("server", name, names[item.name])
            yield Problem("E107", f"two API keys have the name `{item.name}`", path, other=other)
        names.setdefault(item.name, index)


def _key(item: str | ApiKey | AdminKey) -> str:
    return item if isinstance(item, str) else item.key


def _cors(profile: Profile) -> Iterator[Problem]:
    for index, origin in enumerate(profile.server.cors):
        if origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+", origin, re.IGNORECASE):
            message = "an origin must be `*` or scheme://host, with a port if there is one and no path"
            path: KeyPath = ("server", "cors", index)
            yield Problem("E109", message, path, "such as https://chat.example.org")


def _routes(profile: Profile) -> Iterator[Problem]:
    for route in profile.server.routes:
        if not route.startswith("/") or re.search(r"[\s<>?#]", route):
            message = "a route must be a path that begins with `/`, without spaces, `?`, `#`, `<` and `>`"
            yield Problem("E109", message, ("server", "routes", route))


def _models(profile: Profile) -> Iterator[Problem]:
    """Every served name stands for one model."""
    taken: dict[str, KeyPath] = {}
    for name, entry in profile.models.items():
        path: KeyPath = ("models", name)
        named: list[tuple[str, KeyPath]] = [(name, path)]
        named += [(alias, (*path, "aliases", index)) for index, alias in enumerate(entry.aliases)]
        named += [(variant, (*path, "variants", variant)) for variant in entry.variants]
        for said, place in named:
            if said in taken:
                yield Problem("E107", f"two models have the name `{said}`", place, other=taken[said])
            taken.setdefault(said, place)


def seconds(ttl: str | None) -> float | None:
    """`15m` in seconds; `None` for `never` and for nothing. Raises `ValueError` for anything else."""
    if ttl is None or ttl == "never":
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh])", ttl)
    if found is None:
        raise ValueError(ttl)
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def _memory(profile: Profile) -> Iterator[Problem]:
    budget, wait = profile.memory.budget, profile.memory.wait
    if budget is not None and not (percent(budget) or byte_count(budget)):
        message = "not a size or a part: expected a number with GB, GiB or %"
        yield Problem("E109", message, ("memory", "budget"), "such as 24GB or 75%")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?[smh]", wait):
        yield Problem("E109", "`wait` is a number with s, m or h", ("memory", "wait"), "such as 5m")


def _ttl(profile: Profile) -> Iterator[Problem]:
    said: list[tuple[str | None, KeyPath]] = [(profile.ttl, ("ttl",))]
    if profile.defaults is not None:
        said.append((profile.defaults.ttl, ("defaults", "ttl")))
    said += [(entry.ttl, ("models", name, "ttl")) for name, entry in profile.models.items()]
    for ttl, path in said:
        try:
            seconds(ttl)
        except ValueError:
            yield Problem("E109", "a `ttl` is a number with s, m or h, or `never`", path, "such as 15m")


def _aliases(profile: Profile) -> Iterator[Problem]:
    for index, alias in enumerate(profile.aliases):
        if alias in profile.aliases[:index]:
            first = ("aliases", profile.aliases.index(alias))
            yield Problem("E107", "the same alias twice", ("aliases", index), "remove it", first)


def _request_policy(profile: Profile) -> Iterator[Problem]:
    policy = profile.request_policy
    for name in type(policy.clamp).model_fields:
        bounds = getattr(policy.clamp, name)
        place = ("request_policy", "clamp", name)
        ends = {end: getattr(bounds, end) for end in ("min", "max") if getattr(bounds, end) is not None}
        if ends and name in policy.locked:
            locked = ("request_policy", "locked", policy.locked.index(name))
            yield Problem("E107", f"`{name}` is locked, so there is nothing to clamp", place, other=locked)
        if len(ends) == 2 and ends["min"] > ends["max"]:
            message = "`min` must not be greater than `max`"
            yield Problem("E107", message, (*place, "min"), other=(*place, "max"))
        for end, value in ends.items():
            if not _sendable(name, value):
                message = f"no request may say this {name}: `{end}` is out of its range"
                yield Problem("E105", message, (*place, end))


def _sendable(name: str, value: float) -> bool:
    """Whether a value that a request is brought to is one that it could have said itself."""
    if name not in SamplingSection.model_fields:
        return value >= (1 if name == "max_tokens" else 0)
    try:
        SamplingSection.model_validate({name: value})
    except ValidationError:
        return False
    return True


_RULES: tuple[Callable[[Profile], Iterator[Problem]], ...] = (
    _model,
    _draft,
    _tokens,
    _reasoning,
    _output,
    _engine,
    _tools,
    _listen,
    _tls,
    _per_key,
    _routes,
    _keys,
    _cors,
    _models,
    _memory,
    _ttl,
    _aliases,
    _request_policy,
)
