"""`mlxk completion`: what makes a shell complete commands and options."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from mlxk.cli.notes import note

# zsh looks for completions once, when `compinit` runs; its startup file may run it earlier, or never.
_ALSO = {"zsh": "; if not, end ~/.zshrc with: autoload -Uz compinit && compinit"}


def completion(
    shell: Literal["bash", "zsh", "fish"],
    *,
    install: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Print the completion script of a shell, or install it.

    Examples:
        mlxk completion zsh --install
        source <(mlxk completion bash)
        mlxk completion fish > ~/.config/fish/completions/mlxk.fish

    Parameters
    ----------
    shell
        bash, zsh or fish.
    install
        Write it to the shell's own folder, and for bash and zsh a line to its startup file.
    """
    from mlxk.cli import make_app

    app = make_app()
    if not install:
        print(app.generate_completion(shell=shell))
        return 0
    print(app.install_completion(shell=shell))
    note(f"it works in the next shell that you start{_ALSO.get(shell, '')}")
    return 0
