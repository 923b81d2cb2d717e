"""Commands that only show: the contract, datasets and alerts."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from ..arguments import CONFIGS, CONTRACT, Folder, Overrides, config_of, name_of, needs
from ..contract import Contract, load_contract
from ..rules import descriptions
from ..storage import write_file
from ..terminal import say, table

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
    contract = load_contract(configs / CONTRACT)
    rows = [
        (name, contract.role(name), column.type, ", ".join(_rules(contract, name)), column.why)
        for name, column in contract.columns.items()
    ]
    target = (
        contract.target if contract.positive is None else f"{contract.target} = {contract.positive}"
    )
    head = f"{contract.name}: {target}, days in {contract.timezone}"
    table(head, ["column", "role", "type", "rules", "why"], rows)


def _rules(contract: Contract, name: str) -> Iterator[str]:
    column = contract.columns[name]
    yield from descriptions(contract, name)
    if column.on_violation == "fail":
        yield "else fail"
    if column.pii:
        yield "personal"
    if column.slice:
        yield "slice"


@contracts.command("schema")
def write_schema(configs: Folder = CONFIGS) -> None:
    """Write the JSON Schema with which editors complete and check contract.yaml."""
    path = configs / "contract.schema.json"
    schema = json.dumps(Contract.model_json_schema(), indent=2, ensure_ascii=False)
    write_file(path, f"{schema}\n".encode())
    say(f"schema    {path}")


@datasets.command("show")
def show_dataset(
    name: Annotated[
        str | None, typer.Argument(help="The first letters of a name; default: list all.")
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """List the datasets, or show where the rows of one went."""
    directory = config_of(configs, set_).data.directory
    with needs("batch"):
        from ..data.dataset import show

    show(directory, name)


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
