"""Events for people and for scripts."""
