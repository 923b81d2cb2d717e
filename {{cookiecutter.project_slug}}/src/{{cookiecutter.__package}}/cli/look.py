"""Commands that only look: at contracts and at dataset versions."""

from pathlib import Path
from typing import Annotated

import typer

from ..contract import load_contract
from ..errors import ConfigError
from .options import CONFIGS, CONTRACT, Folder, Overrides, config_of, needs

contracts = typer.Typer(no_args_is_help=True, help="Look at the data contract.")
datasets = typer.Typer(no_args_is_help=True, help="Look at dataset versions.")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(contracts, name="contract")
    app.add_typer(datasets, name="dataset")


@contracts.command("show")
def show_contract(configs: Folder = CONFIGS) -> None:
    """Show the row that model, requests, reports and tests see."""
    from ..compatibility import show

    show(load_contract(configs / CONTRACT))


@contracts.command("diff")
def diff_contracts(
    old: Annotated[Path, typer.Argument(help="The contract.yaml that callers know.")],
    new: Annotated[Path, typer.Argument(help="The one that is to replace it.")],
    fail_on_breaking: Annotated[
        bool, typer.Option("--fail-on-breaking", help="Exit with 2 where callers would break.")
    ] = False,
) -> None:
    """Say what changed between two contracts, and what would break callers."""
    from ..compatibility import compare, show_changes

    changes = compare(load_contract(old), load_contract(new))
    show_changes(changes)
    if fail_on_breaking and any(change.breaking for change in changes):
        raise ConfigError(f"'{new}' breaks callers of '{old}'")


@contracts.command("schema")
def write_schema(configs: Folder = CONFIGS) -> None:
    """Write the JSON Schema by which editors complete and check contract.yaml."""
    from ..compatibility import write_schema

    write_schema(configs / "contract.schema.json")


@datasets.command("list")
def list_datasets(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show every version, and which is current."""
    with needs("batch"):
        from ..data.versions import show_versions

    show_versions(config_of(configs, set_).data.directory)


@datasets.command("show")
def show_dataset(
    name: Annotated[
        str | None, typer.Argument(help="Its name's beginning; default: current.")
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Show where a version's rows come from and what its columns hold."""
    with needs("batch"):
        from ..data.versions import find, show

    show(find(config_of(configs, set_).data.directory, name))
