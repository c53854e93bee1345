"""The error tree: codes are stable and unique, and an error survives the way between processes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

from mlxk import errors
from mlxk.errors import ContextLengthExceeded, MlxkError


def tree(error: type[MlxkError] = MlxkError) -> Iterator[type[MlxkError]]:
    yield error
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def test_codes_are_unique() -> None:
    codes = [error.code for error in tree()]
    assert len(codes) == len(set(codes))


def test_the_docstring_names_every_error() -> None:
    documented = errors.__doc__ or ""
    assert [error.__name__ for error in tree() if error.__name__ not in documented] == []


def test_an_error_survives_pickling() -> None:
    error = ContextLengthExceeded("too long", hint="shorten it", param="messages")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is ContextLengthExceeded
    assert (copy.message, copy.hint, copy.param) == ("too long", "shorten it", "messages")
    assert str(copy) == "too long"
