"""The command that makes the project the person's own."""

from typing import Annotated

import typer

from ..errors import ConfigError
from .options import CONFIGS, Folder, needs

TASKS = ("binary", "multiclass", "regression")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(adopt)


def adopt(
    path: Annotated[
        str, typer.Argument(help="CSV or Parquet; or a database's URL, or the variable with it.")
    ],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    time: Annotated[str | None, typer.Option(help="The column by which rows are split.")] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="The column that names a row once.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Zone of times without one.")] = "UTC",
    table: Annotated[str | None, typer.Option(help="Table or view of the database.")] = None,
    query: Annotated[
        str | None, typer.Option(help="SQL SELECT to read instead of a table.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The positive class.")] = None,
    task: Annotated[str | None, typer.Option(help=f"One of {', '.join(TASKS)}.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what you changed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Accept without asking.")] = False,
    configs: Folder = CONFIGS,
) -> None:
    """Infer contract.yaml and data.yaml from your own table, and take the example out."""
    if task not in {None, *TASKS}:
        raise ConfigError(f"--task: '{task}' is none of {', '.join(TASKS)}")
    with needs("train"):
        from ..adopt.propose import Request
        from ..adopt.write import run

    names = (path, target, time or None, id_ or None, timezone or "UTC")
    request = Request(*names, table, query, positive, task, name)  # type: ignore[arg-type]
    run(request, configs, dry_run=dry_run, force=force, yes=yes)
