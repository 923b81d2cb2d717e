"""The command ``explain``: runs one logged row through every stage again."""

from typing import Annotated

import typer

from ...arguments import CONFIGS, Folder, Overrides, config_of, name_of


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    request_id: Annotated[
        str | None, typer.Argument(help="A request's id; default: the newest logged request.")
    ] = None,
    row: Annotated[int, typer.Option(help="The row of the request, counted from 0.", min=0)] = 0,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Run a logged row through every stage again, and name the first stage that differs."""
    config, name = config_of(configs, set_), name_of(configs)
    from .stages import run

    run(config, name, request_id, row)
