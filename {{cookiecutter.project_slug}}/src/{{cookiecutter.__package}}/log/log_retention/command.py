"""Commands that keep the prediction log small, and take records out of it."""

from typing import Annotated

import typer

from ...arguments import CONFIGS, CONTRACT, Folder, Overrides, config_of
from ...config import Positive, Section
from ...contract import load_contract
from .retention import compact, forget

logs = typer.Typer(no_args_is_help=True, help="Keep the prediction log small.")


class LogRetentionConfig(Section):
    """``log_retention.yaml``: how long the prediction log is kept."""

    days: Positive | None = None
    """Past days that `logs compact` keeps; null keeps all."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(logs, name="logs")


@logs.command("compact")
def compact_logs(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Compress the days before yesterday; delete those older than log_retention.days."""
    config = config_of(configs, set_)
    compact(config.serve.log, config.settings("log_retention", LogRetentionConfig).days)


@logs.command("forget")
def forget_records(
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A row's id, or a request's id if the contract has no id column."
        ),
    ],
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Delete the rows and labels of an id from the days before yesterday."""
    forget(config_of(configs, set_).serve.log, id_, load_contract(configs / CONTRACT).id)
