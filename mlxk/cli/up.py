"""`mlxk up`: serve a profile.

The order keeps a failure from leaving anything half-started: the profile is resolved, the model's files are
checked, the socket is bound, and only then is the engine's process started.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from mlxk.cli.ending import ended_in_order
from mlxk.cli.hang_up import HangUp
from mlxk.cli.loading import resolve_profile
from mlxk.cli.names import ProfileName, VariantFlag
from mlxk.cli.notes import note
from mlxk.cli.options import GenerationOptions, ProfileOptions
from mlxk.config import Flag
from mlxk.config.schema import LogSection
from mlxk.errors import UsageError
from mlxk.hub.offline import offline as asking_nobody

if TYPE_CHECKING:
    from mlxk.cli.serving import Configuration
    from mlxk.memory import Machine
    from mlxk.server.pool import Pool
    from mlxk.server.site import Site

logger = logging.getLogger(__name__)

_NO_GENERATION_OPTIONS = GenerationOptions()


def up(
    profile: ProfileName,
    *,
    listen: str | None = None,
    variant: VariantFlag = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="")] = (),
    isolated: Annotated[bool, Parameter(negative="")] = False,
    locked: Annotated[bool, Parameter(negative="")] = False,
    offline: Annotated[bool, Parameter(negative="")] = False,
    generation: GenerationOptions = _NO_GENERATION_OPTIONS,
    log_level: Literal["debug", "info", "warning", "error"] | None = None,
    log_format: Literal["text", "json"] | None = None,
    plan: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Serve a profile over HTTP until Ctrl-C or SIGTERM.

    Running answers may finish; a second Ctrl-C ends them. The model lives in a process of its own, which is
    started again if it dies. A change of the profile is applied when it is saved, or on SIGHUP.

    Examples:
        mlxk up demo
        mlxk up profiles/gptoss-server.yaml --listen 127.0.0.1:9000
        mlxk up demo --set sampling.temperature=0.2 --set tokens.max_output=512
        mlxk up profiles/studio.yaml --plan

    Parameters
    ----------
    profile
        A profile's name or its file.
    listen
        Address and port; port 0 takes a free one.
    variant
        One of the profile's variants.
    set_
        Set one value over the profile, such as sampling.top_p=0.9. May be given again.
    isolated
        Use the profile alone: no mlxk.yaml, no user file.
    locked
        Refuse a model whose files differ from mlxk.lock; see `mlxk lock`.
    offline
        Let nothing ask the Hugging Face Hub, trusted code of a model included, as HF_HUB_OFFLINE=1 does.
    log_level
        What is worth a line on stderr; info tells of each request.
    log_format
        text for people, json for programs.
    plan
        Start nothing: print what a running server of this profile would change, or what would be served.
    json
        With --plan: as JSON.
    """
    asked = {"server.listen": listen, "log.level": log_level, "log.format": log_format}
    flags = {
        key: Flag(value, f"--{key.removeprefix('server.').replace('.', '-')}")
        for key, value in asked.items()
        if value is not None
    }
    options = ProfileOptions(profile=profile, variant=variant, set_=set_, isolated=isolated, locked=locked)

    @cache
    def here() -> Machine:
        """Once: what the server itself takes later is not lost to it."""
        from mlxk.memory import machine

        return machine()

    def read() -> Configuration:
        from mlxk.cli.serving import Configuration

        resolved = resolve_profile(options, generation, flags=flags)
        return Configuration.of(resolved, isolated=isolated, here=here())

    if json and not plan:
        raise UsageError("--json belongs to --plan", hint="for a log of JSON lines: --log-format json")
    if plan:
        from mlxk.cli.preview import preview

        preview(read(), as_json=json)
    else:
        hang_up = HangUp()
        with asking_nobody(offline), hang_up.caught(), ended_in_order():
            _serve(read, hang_up)
    return 0


def _serve(read: Callable[[], Configuration], hang_up: HangUp) -> None:
    from mlxk.cli.reload import Reloader
    from mlxk.cli.running import Note
    from mlxk.server.admin import Administration
    from mlxk.server.listen import listening, tls_context, url
    from mlxk.server.logs import logging_to
    from mlxk.server.serve import Companion, Server, serve

    configuration = read()
    profile = configuration.profile
    certificate = profile.server.tls
    tls = tls_context(Path(certificate.certificate), Path(certificate.key)) if certificate else None
    with (
        listening(profile.server.listen) as sock,
        logging_to(sys.stderr, profile.log) as log,
    ):
        files = configuration.files
        _announce(profile.log, f"files: {', '.join(files)}", files=files)
        pool, site = _placed(configuration)
        address = url(sock, tls=tls is not None)
        noted = Note(os.environ, address)

        def on_ready() -> None:
            noted.write(configuration)
            _greet(configuration, address)

        def companion(server: Server) -> Companion:
            reloader = Reloader(configuration, read, pool, log, server, noted, hang_up)
            server.administer(Administration(server.service, pool, reloader.ask))
            return reloader.run

        try:
            serve(site, sock, lifespan=lambda: pool, on_ready=on_ready, tls=tls, companion=companion)
        finally:
            noted.remove()


def _placed(configuration: Configuration) -> tuple[Pool, Site]:
    """The models' places in memory, none of them loaded yet, and what is served from there."""
    from mlxk.server.pool import Pool

    room = configuration.residences
    pool = Pool(budget=room.budget, max_models=room.max_models, patience=room.patience)
    slots = {wish.name: pool.place(wish) for wish in configuration.wishes}
    return pool, configuration.site(slots.__getitem__)


def _greet(configuration: Configuration, address: str) -> None:
    names = ", ".join(f"{plan.name} ({plan.facts.reference})" for plan in configuration.plans)
    said = f"mlxk serves {names} at {address}, config {configuration.config_hash[:12]}; Ctrl-C stops it"
    _announce(configuration.profile.log, said, address=address)


def _announce(log: LogSection, line: str, **fields: object) -> None:
    """A line for the person who started the server, whatever the level; a record where programs read."""
    if log.format == "text":
        note(line)
    else:
        logger.info("%s", line, extra={"fields": fields})
