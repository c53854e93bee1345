"""A hub of our own and an empty cache."""

from tests.hub.fixtures import cache, hub

__all__ = ["cache", "hub"]
