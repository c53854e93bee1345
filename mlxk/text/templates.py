"""A model's chat templates, compiled: the one for ordinary chats, and the one for chats with tools."""

from __future__ import annotations

from dataclasses import dataclass

from mlxk.text.source import TemplateSources
from mlxk.text.template import ChatTemplate


@dataclass(frozen=True, slots=True)
class Templates:
    """`default` and `for_tools` are often the same one."""

    default: ChatTemplate
    for_tools: ChatTemplate
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, sources: TemplateSources) -> Templates:
        """Compile; raises `ModelError` for a template that is not jinja2."""
        found = {name: ChatTemplate(text, name) for name, text in sources.by_name.items()}
        return cls(found[sources.default], found[sources.for_tools], sources.warnings)

    @property
    def all(self) -> tuple[ChatTemplate, ...]:
        return tuple(dict.fromkeys((self.default, self.for_tools)))

    @property
    def literals(self) -> str:
        """All text that the templates can write by themselves, pieces separated by NUL."""
        return "\0".join(template.literals for template in self.all)

    @property
    def known(self) -> str:
        """All the text of the templates: what they can write, and their source."""
        return "\0".join((self.literals, *(template.source for template in self.all)))

    @property
    def shows_tools(self) -> bool:
        """Whether the template for tools has a place for them."""
        return self.for_tools.shows_tools
