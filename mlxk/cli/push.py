"""`mlxk push`: a model folder to the hub, private unless said otherwise."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import Parameter

from mlxk.cli.names import ModelName
from mlxk.cli.notes import note
from mlxk.cli.waiting import waiting
from mlxk.engine.architectures import model_types
from mlxk.errors import Interrupted, ModelError
from mlxk.hub import health, references
from mlxk.hub.push import Push, prepare
from mlxk.hub.sizes import show


def push(
    model: ModelName,
    repo: str,
    *,
    public: Annotated[bool, Parameter(negative="")] = False,
    message: Annotated[str, Parameter(name=["--message", "-m"])] = "Upload with mlxk",
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Upload a model to the Hugging Face Hub, into a private repository.

    A model that is not healthy is refused. Hidden files stay here. What the repository has of the files
    already is not sent again, so after a cut the same command sends the rest.

    Examples:
        mlxk push ./my-model me/my-model --dry-run
        mlxk push ./my-model me/my-model --public -m "Better template"

    Parameters
    ----------
    model
        A folder, or a model on this machine.
    repo
        The repository: you/name, or an organisation's. It is made if it is not there.
    public
        For everybody to see.
    message
        Of the commit.
    dry_run
        Tell what would be sent where, and send nothing.
    json_
        For programs.
    """
    folder = references.locate(model)
    findings = health.check(folder, model, model_types=model_types())
    if findings:
        said = "; ".join(item.message for item in findings)
        raise ModelError(f"{model} is {health.verdict(findings)}: {said}", hint=f"see: mlxk health {model}")
    with waiting("asking the hub"):
        plan = prepare(folder, repo, public=public)
    if not json_:
        _tell(plan)
    done = {}
    if not dry_run:
        try:
            done = plan.send(message)
        except KeyboardInterrupt:
            note("\nstopped; the same command sends the rest")
            return Interrupted.exit_status
        if not json_:
            print(done["url"])
    if json_:
        files = [{"path": path, "size": size} for path, size in plan.files]
        data = {"repo": repo, "private": plan.private, "exists": plan.exists, "files": files, **done}
        print(json.dumps(data, indent=2, ensure_ascii=False))
    return 0


def _tell(plan: Push) -> None:
    for path, size in plan.files:
        note(f"  {show(size):>9}  {path}")
    place = "the" if plan.exists else "a new"
    kind = "private" if plan.private else "public"
    note(f"{show(plan.size)} to {place} {kind} repository {plan.repo}")
