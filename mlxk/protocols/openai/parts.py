"""Content parts, as far as both forms of OpenAI's messages read them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlxk.protocols.validation import problem


def known_part(media: Mapping[str, str], *kinds: str) -> Callable[[object], object]:
    """Lets parts of these `kinds` and refusals pass.

    Media are refused by name, whatever else the part holds.
    """

    def check(value: object) -> object:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in media:
            raise problem(f"{media[kind]} not supported: this server reads text only.", unsupported=True)
        if kind not in (*kinds, "refusal"):
            known = " or ".join(f"'{name}'" for name in kinds)
            raise problem(f"A content part must be an object whose type is {known}.", field="type")
        return value

    return check


def part_list(kind: str) -> Callable[[object], object]:
    """Content as a list: a string is short for one part of this kind."""

    def check(content: object) -> object:
        if isinstance(content, str):
            return [{"type": kind, "text": content}]
        if not isinstance(content, list):
            raise problem("The content must be a string or a list of content parts.")
        return content

    return check
