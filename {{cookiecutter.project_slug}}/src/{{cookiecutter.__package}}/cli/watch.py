"""The command that shows what monitoring found and is not over."""

from typing import Annotated

import typer

from .options import CONFIGS, Folder, Overrides, config_of, name_of, needs


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(alerts)


def alerts(
    recent: Annotated[
        int, typer.Option(help="How many of those that are over to show, too.", min=0)
    ] = 10,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Show the alerts that are open and those that were resolved last."""
    with needs("monitor"):
        from ..monitoring.alerts.update import show_alerts

    show_alerts(config_of(configs, set_).monitor, name_of(configs), recent)
