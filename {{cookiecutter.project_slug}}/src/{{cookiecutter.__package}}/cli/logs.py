"""Commands that look after the prediction log."""

from typing import Annotated

import typer

from ..config import ServeConfig
from ..contract import load_contract
from ..errors import ConfigError
from .options import CONFIGS, CONTRACT, Folder, Overrides, config_of, needs

logs = typer.Typer(no_args_is_help=True, help="Look after the prediction log.")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(logs, name="logs")


@logs.command("compact")
def compact_logs(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Turn the days that are over into Parquet, and delete those older than serve.log_days."""
    with needs("batch"):
        from ..log.log_retention.compact import compact

    serve = config_of(configs, set_).serve
    compact(serve.log, serve.log_days, _wait_s(serve))


@logs.command("forget")
def forget_records(
    id_: Annotated[
        str | None, typer.Option("--id", help="A row's id, by the contract's id column.")
    ] = None,
    request_id: Annotated[str | None, typer.Option(help="A request's id.")] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Take the rows and labels of an id, or of a request, out of the log; servers may run on."""
    with needs("batch"):
        from ..log.log_retention.forget import Whose, forget

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
