"""The command that looks at everything else."""

from pathlib import Path
from typing import Annotated

import typer

from .options import CONFIGS, Folder, Overrides


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print the findings for programs.")] = False,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """List what does not work here, and the command that repairs it; exit with 1 if there is any."""
    from ..doctor.finding import as_json, as_text, failed
    from ..doctor.job import examine

    found = examine(Path.cwd(), configs, set_ or [])
    print(as_json(found) if json else as_text(found))
    raise typer.Exit(int(failed(found)))
