"""Commands that only show: the contract, datasets and alerts."""

from typing import Annotated

import typer

from ..arguments import CONFIGS, CONTRACT, Folder, Overrides, config_of, name_of, needs
from ..contract import load_contract
from ..rules import descriptions
from ..terminal import table

contracts = typer.Typer(no_args_is_help=True, help="Show the data contract.")
datasets = typer.Typer(no_args_is_help=True, help="Show datasets.")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(contracts, name="contract")
    app.add_typer(datasets, name="dataset")
    app.command()(alerts)


@contracts.command("show")
def show_contract(configs: Folder = CONFIGS) -> None:
    """Show the columns of a row, with their roles, types and rules."""
    contract, rows = load_contract(configs / CONTRACT), []
    for name, column in contract.columns.items():
        rules = descriptions(contract, name)
        rules += [] if column.on_violation == "reject" else [f"else {column.on_violation}"]
        rules += ["personal"] * column.pii + ["slice"] * column.slice
        rows.append((name, contract.role(name), column.type, ", ".join(rules), column.why))
    positive = "" if contract.positive is None else f" = {contract.positive}"
    title = f"{contract.name}: {contract.target}{positive}, days in {contract.timezone}"
    table(title, ["column", "role", "type", "rules", "why"], rows)


@datasets.command("list")
def list_datasets(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show every dataset, and which one is current."""
    directory = config_of(configs, set_).data.directory
    with needs("batch"):
        from ..data.versions import show_versions

    show_versions(directory)


@datasets.command("show")
def show_dataset(
    name: Annotated[
        str | None, typer.Argument(help="The first letters of its name; default: the current one.")
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Show a dataset's sources and columns."""
    directory = config_of(configs, set_).data.directory
    with needs("batch"):
        from ..data.versions import find, show

    show(find(directory, name))


def alerts(
    recent: Annotated[int, typer.Option(help="Resolved alerts to show, too.", min=0)] = 10,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Show the open alerts, and the newest resolved ones."""
    config, name = config_of(configs, set_).monitor, name_of(configs)
    with needs("monitor"):
        from ..monitoring.alerts.update import show_alerts

    show_alerts(config, name, recent)
