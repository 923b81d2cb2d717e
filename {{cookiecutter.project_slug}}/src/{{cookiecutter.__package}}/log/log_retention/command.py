"""Commands that keep the prediction log small, and take records out of it."""

from typing import Annotated

import typer

from ...arguments import CONFIGS, CONTRACT, Folder, Overrides, config_of, needs
from ...config import Positive, Section, ServeConfig
from ...contract import load_contract
from ...errors import ConfigError

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
    """Turn past days of the log into Parquet; delete those beyond log_retention.days."""
    config = config_of(configs, set_)
    days = config.settings("log_retention", LogRetentionConfig).days
    with needs("batch"):
        from .compact import compact

    compact(config.serve.log, days, _wait_s(config.serve))


@logs.command("forget")
def forget_records(
    id_: Annotated[
        str | None, typer.Option("--id", help="A row's id, by the contract's id column.")
    ] = None,
    request_id: Annotated[str | None, typer.Option(help="A request's id.")] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Remove the rows and labels of an id, or of a request, from the log."""
    with needs("batch"):
        from .forget import Whose, forget

    value = request_id if id_ is None else id_
    if not value or (id_ is not None and request_id is not None):
        raise ConfigError("say what to forget: --id ID or --request-id ID, one of them")
    column = load_contract(configs / CONTRACT).id
    if id_ is not None and column is None:
        raise ConfigError("the contract names no id column; forget requests by --request-id")
    serve = config_of(configs, set_).serve
    whose = Whose(value=value, column=None if id_ is None else column)
    forget(serve.log, whose, _wait_s(serve))


def _wait_s(serve: ServeConfig) -> float:
    """Servers look once every ``reload_s`` whether their segments were closed."""
    return 3 * serve.reload_s + 10
