"""What the schema alone cannot say: rules between keys, and files that must be there.

Each rule sees the whole merged `Profile` and yields problems by key path.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlxk.config.rules import engine, model, output, requests, server, serving
from mlxk.config.rules.problem import Problem
from mlxk.config.schema import Profile

__all__ = ["Problem", "problems"]

_RULES = (*model.RULES, *output.RULES, *engine.RULES, *server.RULES, *serving.RULES, *requests.RULES)


def problems(profile: Profile) -> Iterator[Problem]:
    """All that is wrong with a merged profile."""
    for rule in _RULES:
        yield from rule(profile)
