"""`mlxk explain`: how one value came about."""

from __future__ import annotations

from mlxk.cli.config import Sets, Switch, look_at
from mlxk.cli.names import RequiredProfileFlag, VariantFlag
from mlxk.config import Resolved
from mlxk.config import shape as shapes
from mlxk.config.diagnostics import suggestion
from mlxk.config.difference import shown, whole_lists
from mlxk.config.effects import SENTENCES, effect
from mlxk.config.environment import key_names
from mlxk.config.origins import KeyPath, dotted, parse_dotted
from mlxk.config.printing import inline
from mlxk.config.schema import Profile
from mlxk.config.values import Table, leaves, lookup
from mlxk.errors import UsageError


def explain(
    key: str,
    *,
    profile: RequiredProfileFlag,
    variant: VariantFlag = None,
    model: str | None = None,
    set_: Sets = (),
    isolated: Switch = False,
) -> int:
    """Tell how one value came about, layer by layer.

    Example: mlxk explain -p demo sampling.temperature

    Parameters
    ----------
    key
        A key, such as sampling.top_p, or a section.
    profile
        A profile's name or file.
    variant
        One of the profile's variants.
    model
        One of the models of a profile with several, by the name that clients use.
    set_
        Set one value over the profile, such as sampling.top_p=0.9. May be given again.
    isolated
        Use the profile alone: no mlxk.yaml, no user file.
    """
    path = _known_path(key)
    resolved = look_at(profile, variant, set_, isolated, model=model)
    section = lookup(resolved.tree, path)
    places = [path]
    if isinstance(section, Table) and section.entries:
        places = [(*path, *below) for below, _ in leaves(section)]
    print("\n\n".join(explained(resolved, place) for place in whole_lists(places)))
    return 0


def _known_path(key: str) -> KeyPath:
    try:
        path = parse_dotted(key)
    except ValueError:
        raise UsageError(f"`{key}` is no key", hint="write it like sampling.top_p") from None
    if shapes.at(Profile, path) is None:
        raise UsageError(f"a profile has no key `{key}`", hint=suggestion(key, key_names()))
    return path


def explained(resolved: Resolved, path: KeyPath) -> str:
    links = resolved.chain(path)
    lines = [f"{dotted(path)}: {shown(resolved, path)}"]
    described = _description(path)
    if described:
        lines.append(f"  {described}")
        lines.append(f"  {SENTENCES[effect(path)]}")
    width = max((len(str(link.origin)) for link in links), default=0)
    for position, link in enumerate(links):
        mark = "→" if position == len(links) - 1 else " "
        appended = " (appended)" if getattr(link.value, "appends", False) else ""
        said = "unset" if link.unset and link.layer != "defaults" else inline(link.value) + appended
        lines.append(f"  {mark} {link.origin!s:<{width}}  {said}")
    return "\n".join(lines)


def _description(path: KeyPath) -> str:
    section = shapes.as_section(shapes.at(Profile, path[:-1]))
    info = shapes.fields(section).get(str(path[-1])) if section is not None else None
    return (info.description or "") if info is not None else ""
