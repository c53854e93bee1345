"""`engine` and `memory`: what is kept in memory and on disk, and how much of it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from mlxk.config.notation import byte_count, percent, seconds
from mlxk.config.origins import KeyPath, dotted
from mlxk.config.rules.problem import Problem, Rule
from mlxk.config.schema import EngineSection, Profile, PromptCacheSection
from mlxk.config.schema.engine import DistributedSection, HostSection

# A name that began with a dash would be an option of ssh.
_SSH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:-]*")


def _kv(profile: Profile) -> Iterator[Problem]:
    engine, usual = profile.engine, EngineSection()
    for key in ("kv_group_size", "quantized_kv_start"):
        if engine.kv_bits is None and getattr(engine, key) != getattr(usual, key):
            message = f"`engine.{key}` does nothing without `engine.kv_bits`"
            yield Problem("E107", message, ("engine", key), "set `kv_bits`, or remove it")


def _prompt_cache(profile: Profile) -> Iterator[Problem]:
    section = profile.engine.prompt_cache
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
        help_text = "remove it, or give `bytes` and `entries` more than 0"
        yield Problem("E107", message, (*place, "path"), help_text)


def _distributed(profile: Profile) -> Iterator[Problem]:
    distributed = profile.engine.distributed
    if distributed is None:
        return
    place = ("engine", "distributed")
    for index, host in enumerate(distributed.hosts):
        yield from _host(host, distributed, (*place, "hosts", index))
    if distributed.python is not None and not distributed.python.startswith("/"):
        yield Problem("E109", "not a whole path", (*place, "python"), "such as /opt/mlxk/bin/python")
    for path, there in (
        (("engine", "isolation"), profile.engine.isolation == "thread"),
        (("engine", "prompt_cache", "path"), profile.engine.prompt_cache.path is not None),
        (("model", "adapter"), profile.model.adapter is not None),
        (("model", "draft"), profile.model.draft is not None),
    ):
        if there:
            message = f"`{dotted(path)}` cannot be had with `engine.distributed`"
            yield Problem("E107", message, path, "remove one of them", place)


def _host(host: str | HostSection, distributed: DistributedSection, path: KeyPath) -> Iterator[Problem]:
    addresses = [(host, path)] if isinstance(host, str) else _addresses(host, path)
    for address, place in addresses:
        if not _is_address(address):
            message = "not an IP address"
            yield Problem("E109", message, place, "a name goes under `ssh`: {ssh: NAME, ips: [ADDRESS]}")
    if isinstance(host, str):
        return
    if not _SSH.fullmatch(host.ssh):
        yield Problem("E109", "not what ssh calls a machine", (*path, "ssh"), "such as studio.local")
    if not host.ips:
        yield Problem("E107", "a host needs an address", path, "add `ips: [ADDRESS]`")
    if distributed.backend.startswith("jaccl") and len(host.rdma) != len(distributed.hosts):
        message = "with jaccl, `rdma` has an entry for each of the hosts"
        yield Problem("E107", message, path, "`mlx.distributed_config` finds them out")


def _addresses(host: HostSection, path: KeyPath) -> list[tuple[str, KeyPath]]:
    return [(address, (*path, "ips", index)) for index, address in enumerate(host.ips)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _memory(profile: Profile) -> Iterator[Problem]:
    budget, wait = profile.memory.budget, profile.memory.wait
    if budget is not None and not (percent(budget) or byte_count(budget)):
        message = "not a size or a part: expected a number with GB, GiB or %"
        yield Problem("E109", message, ("memory", "budget"), "such as 24GB or 75%")
    if seconds(wait) is None:
        yield Problem("E109", "`wait` is a number with s, m or h", ("memory", "wait"), "such as 5m")


RULES: tuple[Rule, ...] = (_kv, _prompt_cache, _distributed, _memory)
