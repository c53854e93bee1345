"""What a chat runs with: a profile or a model, the command line's flags, and what `/set` said over both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mlxk.cli.loading import resolve_profile
from mlxk.cli.options import PROFILE_KEYS, GenerationOptions, ProfileOptions
from mlxk.config import Flag, Resolved, shape
from mlxk.config.diagnostics import suggestion
from mlxk.config.origins import KeyPath, parse_dotted
from mlxk.config.schema import Profile
from mlxk.errors import UsageError

# The sections that count in a chat; the others are for servers.
SECTIONS = (
    *("sampling", "tokens", "stop", "reasoning", "tools", "output", "engine", "model"),
    *("system", "chat_template_kwargs"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`said` is YAML text by dotted key, in the order in which it was said."""

    profile: ProfileOptions
    generation: GenerationOptions
    model: str | None
    flags: Mapping[str, Flag] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)

    def resolve(self) -> Resolved:
        """All layers as one profile; raises `InvalidProfile` with what is wrong in what was said."""
        typed = [f"{key}={value}" for key, value in self.said.items()]
        return resolve_profile(self.profile, self.generation, model=self.model, flags=self.flags, typed=typed)

    def with_value(self, key: str, value: str) -> Settings:
        """One value over what there is. `key+` appends to a list. Raises `UsageError` for an unknown key."""
        name = full_key(key)
        text = written(name, value)
        said = {each: old for each, old in self.said.items() if each != name}
        return replace(self, said={**said, name: text})

    def without(self, key: str) -> Settings:
        """Without what was said about a key; raises `UsageError` if that is nothing."""
        name = full_key(key).removesuffix("+")
        gone = {name, f"{name}+"}
        if not gone & set(self.said):
            raise UsageError(
                f"nothing was set for {name} in this chat",
                hint=f"to leave out what the profile says: /set {key} null",
            )
        return replace(self, said={each: old for each, old in self.said.items() if each not in gone})

    def of_profile(self, name: str) -> Settings:
        """Another profile, or `name:variant`, with nothing said over it but the flags."""
        name, _, variant = name.partition(":")
        options = replace(self.profile, profile=name, variant=variant or None)
        return replace(self, profile=options, model=None, said={})


def full_key(text: str) -> str:
    """A dotted key for what a person calls it: that itself, a flag's name, or a key's last part."""
    name, plus = text.removesuffix("+"), "+" * text.endswith("+")
    name = name.removeprefix("--").replace("-", "_")
    known = short_keys()
    if name in known:
        return known[name] + plus
    try:
        path = parse_dotted(name)
    except ValueError:
        path = ()
    root = str(path[0]) if path else ""
    if len(path) == 1 and root not in SECTIONS:
        if root in shape.keys(Profile):
            raise UsageError(f"`{root}` is for `mlxk up`: in a chat it changes nothing")
        best = suggestion(name, [*known, *SECTIONS])
        raise UsageError(f"there is no setting `{name}`", hint=best or "Tab behind /set lists them")
    if root in shape.keys(Profile) and root not in SECTIONS:
        raise UsageError(f"`{root}` is for `mlxk up`: in a chat it changes nothing")
    if not path:
        raise UsageError(f"`{text}` is no key", hint="write it like temperature, or sampling.temperature")
    return name + plus


def short_keys() -> dict[str, str]:
    """Keys by their last part, where only one has it, and by the names of flags."""
    found: dict[str, list[str]] = {}
    for path in leaf_keys():
        found.setdefault(path.rpartition(".")[2], []).append(path)
    short = {name: paths[0] for name, paths in found.items() if len(paths) == 1}
    flags = {name: path for name, path in PROFILE_KEYS.items() if "." in path}
    return {**short, **flags}


def leaf_keys() -> list[str]:
    """The dotted keys of sections that a chat can set."""
    return [
        f"{section}.{key}"
        for section in SECTIONS
        for key in shape.keys(shape.at(Profile, (section,)))
        if not shape.keys(shape.at(Profile, (section, key)))
    ]


def choices(key: str) -> tuple[str, ...]:
    """The values that a key may have, if they are few."""
    annotation = shape.at(Profile, path_of(key))
    if shape.core(annotation) is bool:
        return ("true", "false")
    return tuple(str(value) for value in shape.values(annotation))


def path_of(key: str) -> KeyPath:
    return parse_dotted(full_key(key).removesuffix("+"))


def written(key: str, value: str) -> str:
    """The value as YAML: text needs no quotes in a chat, whatever it holds."""
    annotation = shape.at(Profile, parse_dotted(key.removesuffix("+")))
    plain_text = shape.is_text(annotation) and not shape.values(annotation)
    if plain_text and value != "null" and value[:1] not in ("'", '"') and "${" not in value:
        return json.dumps(value, ensure_ascii=False)
    return value
