"""One value between tags: text is passed on while it is written, anything else when it ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mlxk.text.tools.values import as_json, escaped

_CDATA = "<![CDATA["


class Ending:
    """Where a value ends: behind its closing tag, or before a tag that shows that this was left out."""

    def __init__(self, pattern: str, tags: Sequence[str]) -> None:
        """`tags` are the forms that what `pattern` matches has, to the letter."""
        self.pattern = re.compile(pattern)
        self.prefixes = frozenset(tag[:size] for tag in tags for size in range(1, len(tag) + 1))
        self.longest = max(map(len, tags))
        self._firsts = re.compile("|".join(sorted({re.escape(tag[0]) for tag in tags})))

    def certain(self, text: str) -> int:
        """How many characters of `text` belong to the value, whatever comes next."""
        for found in self._firsts.finditer(text, max(len(text) - self.longest, 0)):
            if text[found.start() :] in self.prefixes:
                return found.start()
        return len(text)


@cache
def ending(close: str, ahead: tuple[str, ...] = ()) -> Ending:
    """The ending for tags to the letter; a line break before one is not part of the value."""
    pattern = "|".join([re.escape(close), *(rf"(?=\n?{re.escape(tag)})" for tag in ahead)])
    return Ending(pattern, [form for tag in (close, *ahead) for form in (tag, "\n" + tag)])


@dataclass(frozen=True, slots=True)
class Style:
    """How a value is written: `before` is the JSON that leads to it; see `Dialect` for the rest.

    `meaning` turns its text into a value; without it the value is text. `raw`: it is JSON to the letter.
    """

    before: str
    ending: Ending
    close: str
    meaning: Callable[[str], Any] | None = None
    raw: bool = False
    strip: bool = False
    cdata: bool = False


class TagValue:
    """Reads one value. `feed` takes what is there and gives JSON and the rest, which is the next input."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._ending = style.ending
        self._begun = False
        self._padded = False
        self._strip = style.strip
        self.done = False

    @property
    def _streams(self) -> bool:
        return self._style.meaning is None

    def feed(self, text: str) -> tuple[str, str]:
        head, text = self._begin(text)
        if not self._begun:
            return head, text
        found = self._ending.pattern.search(text)
        if found is not None:
            self.done = True
            return head + self._last(text[: found.start()]), text[found.end() :]
        if not self._streams:
            return head, text
        size = self._ending.certain(text)
        if self._strip:
            size = len(text[:size].rstrip())
        return head + self._shown(text[:size]), text[size:]

    def last(self, text: str) -> str:
        """The rest of the value, its closing tag left out."""
        head, text = self._begin(text, final=True)
        return head + self._last(text)

    def cut(self, text: str) -> str:
        """The value as far as it goes, its JSON left open."""
        head, text = self._begin(text, final=True)
        return head + (self._shown(text) if self._streams else '"' + escaped(text))

    def _begin(self, text: str, *, final: bool = False) -> tuple[str, str]:
        if self._begun:
            return "", text
        style = self._style
        lead = text.lstrip()
        if style.cdata and lead.startswith(_CDATA):
            text, self._ending, self._strip = lead.removeprefix(_CDATA), _cdata_ending(style.close), False
        elif not final and self._undecided(text, lead):
            return "", text
        elif style.strip:
            text = lead
        elif text.startswith("\n"):
            text, self._padded = text[1:], True
        self._begun = True
        return style.before + ('"' if self._streams and not style.raw else ""), text

    def _undecided(self, text: str, lead: str) -> bool:
        """Whether it is still open what the value begins with."""
        return not (lead if self._style.strip else text) or (self._style.cdata and _CDATA.startswith(lead))

    def _last(self, text: str) -> str:
        if self._padded:
            text = text.removesuffix("\n")
        elif self._strip:
            text = text.rstrip()
        if self._style.meaning is not None:
            return as_json(self._style.meaning(text))
        return self._shown(text) + ("" if self._style.raw else '"')

    def _shown(self, text: str) -> str:
        return text if self._style.raw else escaped(text)


@cache
def _cdata_ending(close: str) -> Ending:
    return Ending(rf"\]\]>\s*{re.escape(close)}", [f"]]>{gap}{close}" for gap in ("", "\n")])
