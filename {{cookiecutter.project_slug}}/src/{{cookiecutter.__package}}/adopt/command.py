"""The command ``adopt``: replaces the example by your own table."""

from typing import Annotated

import typer

from ..arguments import CONFIGS, Folder, needs
from ..config import unknown
from ..errors import ConfigError

TASKS = ("binary", "multiclass", "regression")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(adopt)


def adopt(
    path: Annotated[
        str,
        typer.Argument(
            help="A CSV, Parquet or JSON Lines file; with the option sql also a database's URL, or"
            " the environment variable that holds it."
        ),
    ],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    time: Annotated[
        str | None, typer.Option(help="The column with the time of each row, for the split.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="The column that identifies a row.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Time zone of times that name none.")] = "UTC",
    table: Annotated[str | None, typer.Option(help="A table or view of the database.")] = None,
    query: Annotated[str | None, typer.Option(help="A SELECT to read instead of a table.")] = None,
    positive: Annotated[str | None, typer.Option(help="The positive class.")] = None,
    task: Annotated[str | None, typer.Option(help=f"One of {', '.join(TASKS)}.")] = None,
    name: Annotated[str | None, typer.Option(help="The model's name.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the result.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite your own changes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    configs: Folder = CONFIGS,
) -> None:
    """Write contract.yaml and data.yaml for your own table, and remove the example."""
    if task is not None and task not in TASKS:
        raise ConfigError(f"--task: {unknown(task, 'the tasks', TASKS)}")
    with needs("train"):
        from .propose import Request
        from .write import run

    names = (path, target, time or None, id_ or None, timezone or "UTC")
    request = Request(*names, table, query, positive, task, name)  # type: ignore[arg-type]
    run(request, configs, dry_run=dry_run, force=force, yes=yes)
