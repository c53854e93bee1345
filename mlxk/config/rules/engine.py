"""`engine` and `memory`: what is kept in memory and on disk, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator

from mlxk.config.notation import byte_count, percent, seconds
from mlxk.config.rules.problem import Problem, Rule
from mlxk.config.schema import EngineSection, Profile, PromptCacheSection


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


def _memory(profile: Profile) -> Iterator[Problem]:
    budget, wait = profile.memory.budget, profile.memory.wait
    if budget is not None and not (percent(budget) or byte_count(budget)):
        message = "not a size or a part: expected a number with GB, GiB or %"
        yield Problem("E109", message, ("memory", "budget"), "such as 24GB or 75%")
    if seconds(wait) is None:
        yield Problem("E109", "`wait` is a number with s, m or h", ("memory", "wait"), "such as 5m")


RULES: tuple[Rule, ...] = (_kv, _prompt_cache, _memory)
