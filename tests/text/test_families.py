"""Every family's outputs, whole, in pieces and cut off."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlxk.text import TextModel
from tests.text.families import FAMILIES, Family
from tests.text.folders import decode, fold

LoadFamily = Callable[[Family], TextModel]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_familys_output(family: Family, load_family: LoadFamily) -> None:
    text = load_family(family)
    said = decode(text, text.encode(family.output), family.request)
    assert said.blocks == family.blocks
    assert bool(said.warnings) is family.warned


@pytest.mark.parametrize("sizes", [(1,), (2,), (3, 1, 7)])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_portions_do_not_matter(family: Family, load_family: LoadFamily, sizes: tuple[int, ...]) -> None:
    text = load_family(family)
    ids = text.encode(family.output)
    assert decode(text, ids, family.request, sizes=sizes) == decode(text, ids, family.request)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_letters_may_come_one_at_a_time(family: Family, load_family: LoadFamily) -> None:
    """Ordinary text as single-byte tokens, special tokens as themselves: the same blocks."""
    text = load_family(family)
    ids = [single for token in text.encode(family.output) for single in spell(text, token)]
    assert decode(text, ids, family.request).blocks == family.blocks


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_cut_off_anywhere(family: Family, load_family: LoadFamily) -> None:
    """No cut breaks the events, shows a special token of a header, or takes back what was shown."""
    text = load_family(family)
    ids = text.encode(family.output)
    shown = ""
    for end in range(len(ids)):
        decoder = text.decoder(text.render(family.request), family.request)
        events = decoder.feed(ids[:end])
        visible = "".join(getattr(event, "text", "") for event in events)
        assert visible.startswith(shown)
        shown = visible
        blocks = fold([*events, *decoder.finish("length")])
        if family.name.startswith("harmony"):
            assert not any("<|channel|>" in block[2] or "<|message|>" in block[2] for block in blocks)


def spell(text: TextModel, token: int) -> list[int]:
    """A token as tokens of one byte each, if it is no added one."""
    if token in text.tokenizer.added:
        return [token]
    piece = text.tokenizer.backend.id_to_token(token)
    assert piece is not None
    singles = [text.tokenizer.backend.token_to_id(char) for char in piece]
    return [single for single in singles if single is not None]
