"""A hub of our own for the commands that ask one."""

from tests.hub.fixtures import cache, hub

__all__ = ["cache", "hub"]
