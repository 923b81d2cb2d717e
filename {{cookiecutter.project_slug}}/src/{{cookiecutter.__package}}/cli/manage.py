"""Commands about what there is: contract, datasets, versions, API keys and alerts."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..arguments import CONFIGS, CONTRACT, Folder, Overrides, config_of, name_of, needs
from ..config import Config
from ..contract import load_contract
from ..errors import ConfigError
from ..models.versions import Versions
from ..rules import descriptions
from ..terminal import say, table

contracts = typer.Typer(no_args_is_help=True, help="Show the data contract.")
datasets = typer.Typer(no_args_is_help=True, help="Show datasets.")
keys = typer.Typer(
    no_args_is_help=True,
    help="Make and revoke API keys of the server; a running one follows within 2 seconds.",
)
Why = Annotated[str, typer.Option(help="The reason, for the history.")]
Which = Annotated[str, typer.Argument(help="A version's number, champion or challenger.")]
Name = Annotated[str, typer.Argument(help="Name of the key, such as billing-2026.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (promote, rollback, history, card, alerts):
        app.command()(command)
    for name, group in (("contract", contracts), ("dataset", datasets), ("keys", keys)):
        app.add_typer(group, name=name)


@contracts.command("show")
def show_contract(configs: Folder = CONFIGS) -> None:
    """Show the columns of a row, with their roles, types and rules."""
    contract, rows = load_contract(configs / CONTRACT), []
    for name, column in contract.columns.items():
        rules = descriptions(contract, name)
        rules += ["personal"] * column.pii + ["slice"] * column.slice
        rows.append((name, contract.role(name), column.type, ", ".join(rules), column.why))
    positive = "" if contract.positive is None else f" = {contract.positive}"
    title = f"{contract.name}: {contract.target}{positive}, days in {contract.timezone}"
    table(title, ["column", "role", "type", "rules", "why"], rows)


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


def promote(
    version: Which,
    why: Why = "",
    override: Annotated[
        str | None, typer.Option(help="The reason to serve a version that did not pass its gate.")
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Serve a version that passed its gate."""
    from ..training.promote import promote
    from ..training.tracking import mirror

    config, versions = _versions(configs, set_)
    promote(versions, version, why, override)
    mirror(config, versions)


def rollback(
    to: Annotated[
        str | None, typer.Option(help="The version; default: the one that served before.")
    ] = None,
    why: Why = "",
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Serve the version that served before."""
    from ..training.promote import rollback
    from ..training.tracking import mirror

    config, versions = _versions(configs, set_)
    rollback(versions, to, why)
    mirror(config, versions)


def history(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show the versions, and what has served."""
    from ..training.promote import show_history

    show_history(_versions(configs, set_)[1])


def card(version: Which = "champion", configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Print a version's model card, and why it served against its gate if it did."""
    from ..training.promote import card_of

    versions = _versions(configs, set_)[1]
    say(card_of(versions, versions.find(version)))


def _versions(configs: Path, overrides: list[str] | None) -> tuple[Config, Versions]:
    config = config_of(configs, overrides)
    return config, Versions(config.train.bundles, name_of(configs))


@keys.command("new")
def new_key(name: Name, configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Print a new key, this once; only its hash is kept."""
    from ..serving.auth import new_key

    path = _path(configs, set_)
    new_key(path, name, partial(print, flush=True))
    note = f"kept as a hash in '{path}', so shown this once; send it as Authorization: Bearer KEY"
    print(note, file=sys.stderr)  # so that KEY=$(... keys new NAME) holds the key alone


@keys.command("list")
def list_keys(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show whose keys there are; the keys themselves nobody knows."""
    from ..serving.auth import read_keys

    path = _path(configs, set_)
    rows = [(key.name, f"{key.made:%Y-%m-%d %H:%M}") for key in read_keys(path)]
    table(f"keys in {path}", ("name", "made (UTC)"), rows)


@keys.command("revoke")
def revoke_key(name: Name, configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Let a key in no longer."""
    from ..serving.auth import revoke

    revoke(_path(configs, set_), name)
    say(f"revoked   {name}; a running server knows within 2 s")


def _path(configs: Path, overrides: list[str] | None) -> Path:
    path = config_of(configs, overrides).serve.keys
    if path is None:
        raise ConfigError("serve.keys is null; set it to the file that is to hold the keys")
    return path


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
