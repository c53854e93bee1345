"""The tokens that end a turn: the model's own, those that its templates write, and the profile's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mlxk.config.schema import Profile
from mlxk.errors import ProfileError
from mlxk.hub.facts import ModelFacts
from mlxk.text.grammar import Grammar
from mlxk.text.presets import END_OF_TURN
from mlxk.text.tokenizer import Tokenizer


def named_stops(profile: Profile, tokenizer: Tokenizer) -> dict[int, str]:
    """The tokens that the profile names; raises `ProfileError` for one that the model does not have."""
    found = {}
    for text in profile.stop.tokens:
        index = tokenizer.token_id(text)
        if index is None:
            raise _unknown(text, tokenizer)
        found[index] = text
    return found


def stop_ids(
    facts: ModelFacts, tokenizer: Tokenizer, grammar: Grammar, literals: str, named: Iterable[int]
) -> tuple[int, ...]:
    """eos of the model's files, ends of turns that template or grammar write, and the profile's own."""
    names = [text for text in END_OF_TURN if text in literals and text not in grammar.delimiters]
    written = [tokenizer.added_ids.get(text) for text in (*names, *grammar.ends)]
    ids = [*facts.eos_token_ids, tokenizer.eos_id, *written, *named]
    return tuple(dict.fromkeys(index for index in ids if index is not None))


def _unknown(text: str, tokenizer: Tokenizer) -> ProfileError:
    names = [*tokenizer.added_ids, *tokenizer.backend.get_vocab()]
    near = difflib.get_close_matches(text, tokenizer.added_ids, 1) or difflib.get_close_matches(
        text, [name for name in names if abs(len(name) - len(text)) < 2], 1
    )
    return ProfileError(
        f"stop.tokens: this model has no token {text!r}",
        hint=f"did you mean {near[0]!r}?" if near else "use `stop: {sequences: […]}` for text",
        param="stop.tokens",
    )
