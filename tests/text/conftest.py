"""Fixtures of the text tests: model folders of families, made once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlxk.text import TextModel
from tests.text.families import Family
from tests.text.folders import load_text, write_folder


@pytest.fixture(scope="session")
def load_family(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Family], TextModel]:
    """The text side of a family's model, each made once a session."""
    loaded: dict[str, TextModel] = {}

    def load(family: Family) -> TextModel:
        if family.name not in loaded:
            path = write_folder(
                tmp_path_factory.mktemp("family"),
                template=family.template,
                special=family.special,
                added=family.added,
                eos="<|im_end|>" if "<|im_end|>" in family.special else None,
            )
            loaded[family.name] = load_text(path, **family.profile)
        return loaded[family.name]

    return load
