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
    """Days that `logs compact` keeps besides the present one; null keeps all."""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(logs, name="logs")


@logs.command("compact")
def compact_logs(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Compress the days before yesterday; delete those beyond log_retention.days."""
    config = config_of(configs, set_)
    compact(config.serve.log, config.settings("log_retention", LogRetentionConfig).days)


@logs.command("forget")
def forget_records(
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A row's id; a request's, where the contract has no id column."
        ),
    ],
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Remove an id's rows and labels from the days before yesterday."""
    forget(config_of(configs, set_).serve.log, id_, load_contract(configs / CONTRACT).id)
