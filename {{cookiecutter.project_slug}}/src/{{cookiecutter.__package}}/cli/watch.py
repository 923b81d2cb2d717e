"""Commands that look closer at what monitoring found: alerts, and one row."""

from typing import Annotated

import typer

from .options import CONFIGS, Folder, Overrides, config_of, name_of, needs


def alerts(
    recent: Annotated[
        int, typer.Option(help="How many of those that are over to show, too.", min=0)
    ] = 10,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Show the alerts that are open and those that were resolved last."""
    with needs("monitor"):
        from ..monitoring.alerts.show import show_alerts

    show_alerts(config_of(configs, set_).monitor, name_of(configs), recent)


def explain(
    request_id: Annotated[
        str | None, typer.Argument(help="A request's id; default: the newest one logged.")
    ] = None,
    row: Annotated[int, typer.Option(help="Which of its rows, from 0.", min=0)] = 0,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Run one logged row through every stage again, and say which differs from what was logged."""
    with needs("train"):
        from ..monitoring.explain import run

    run(config_of(configs, set_), name_of(configs), request_id, row)
