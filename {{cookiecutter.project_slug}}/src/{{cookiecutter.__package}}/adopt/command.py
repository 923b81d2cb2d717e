"""The command ``adopt``: replaces the example by your own table."""

from typing import Annotated

import typer

from ..arguments import CONFIGS, Folder
from ..terminal import say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(adopt)


def adopt(
    path: Annotated[
        str, typer.Argument(help="CSV, Parquet or JSON Lines; or '{sql: SHOP_URL, table: orders}'.")
    ],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    time: Annotated[str, typer.Option(help="The column with a row's time; splits by date.")] = "",
    id_: Annotated[str, typer.Option("--id", help="The column that identifies a row.")] = "",
    task: Annotated[str, typer.Option(help="binary, multiclass, regression; else inferred.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the result.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite edited files.")] = False,
    configs: Folder = CONFIGS,
) -> None:
    """Write contract.yaml and data.yaml for your own table, and remove the example."""
    from .look import open_table
    from .propose import propose
    from .write import show, write

    proposal = propose(open_table(path, target), target, time, id_, task)
    show(proposal)
    if dry_run:
        say("dry run   nothing was written")
    else:
        write(proposal, configs, force=force)
