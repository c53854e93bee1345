"""`models`, `aliases`, `ttl`: the names that a server answers to, and how long a model stays in memory."""

from __future__ import annotations

from collections.abc import Iterator

from mlxk.config.notation import seconds
from mlxk.config.origins import KeyPath
from mlxk.config.rules.problem import Problem, Rule
from mlxk.config.schema import Profile


def _names(profile: Profile) -> Iterator[Problem]:
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


def _aliases(profile: Profile) -> Iterator[Problem]:
    for index, alias in enumerate(profile.aliases):
        if alias in profile.aliases[:index]:
            first = ("aliases", profile.aliases.index(alias))
            yield Problem("E107", "the same alias twice", ("aliases", index), "remove it", first)


def _ttl(profile: Profile) -> Iterator[Problem]:
    said: list[tuple[str | None, KeyPath]] = [(profile.ttl, ("ttl",))]
    if profile.defaults is not None:
        said.append((profile.defaults.ttl, ("defaults", "ttl")))
    said += [(entry.ttl, ("models", name, "ttl")) for name, entry in profile.models.items()]
    for ttl, path in said:
        if ttl is not None and ttl != "never" and seconds(ttl) is None:
            yield Problem("E109", "a `ttl` is a number with s, m or h, or `never`", path, "such as 15m")


RULES: tuple[Rule, ...] = (_names, _aliases, _ttl)
