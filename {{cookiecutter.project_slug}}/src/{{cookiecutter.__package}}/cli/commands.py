"""The commands of core: each reads its settings, imports its job and runs it."""

import re
from pathlib import Path
from typing import Annotated

import typer

from ..arguments import (
    CONFIGS,
    CONTRACT,
    Folder,
    Json,
    Overrides,
    config_of,
    contract_of,
    name_of,
    needs,
    refuse_newer_contract,
)
from ..config import Config
from ..errors import AlertRaised
from ..models.versions import Versions
from ..rules import descriptions
from ..terminal import say, table

SOURCE = (
    "CSV, Parquet or JSON Lines: a file, a pattern in quotes, or a folder; or a source as in"
    " contract.yaml, such as '{csv: rows.csv, delimiter: ;}'; default: the test rows."
)
KEY_VARIABLE = f"{__name__.partition('.')[0].upper()}_KEY"
"""The variable for an API key, which others would see on the command line."""
Why = Annotated[str, typer.Option(help="The reason; the history keeps it.")]
Which = Annotated[
    str,
    typer.Argument(
        help="A version's number; or champion, which serves, or challenger, the newest that passed."
    ),
]

contracts = typer.Typer(no_args_is_help=True, help="Show the data contract.")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    jobs = (data, train, serve, score, replay, monitor, alerts, demo)
    for command in (*jobs, promote, rollback, history, card):
        app.command()(command)
    app.add_typer(contracts, name="contract")


def data(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Make a dataset from the sources, with the contract and data/transform.py."""
    contract, settings = contract_of(configs), config_of(configs, set_).data
    settings.refuse_unknown(contract.sources, contract.columns)
    with needs("train"):
        from ..data import job

    job.run(contract, settings)


def train(
    over: Annotated[
        Path | None,
        typer.Option("--with", metavar="FILE", help="Settings that replace those of configs/."),
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
    _json: Json = False,
) -> None:
    """Train a model on the current dataset; serve it if it passes the gate and none serves yet."""
    config = config_of(configs, set_, over)
    refuse_newer_contract(configs, config)
    with needs("train"):
        from ..training import job

    job.run(config)


def serve(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Answer prediction requests over HTTP with the served version."""
    config = config_of(configs, set_)
    if config.serve.model is None and (configs / CONTRACT).exists():
        named = config.serve.model_copy(update={"model": name_of(configs)})
        config = config.model_copy(update={"serve": named})
    from ..serving import server

    server.serve(config)


def score(
    source: Annotated[str | None, typer.Argument(help=SOURCE)] = None,
    target: Annotated[
        Path | None,
        typer.Option("--output", help="The Parquet file; default: data/scored/SOURCE.parquet."),
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="The version; default: the served one.", min=1)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Predict the rows of a file with the graph that the server runs.

    The output is written whole or not at all. Rows that break the contract go to quarantine/.
    """
    config, name = config_of(configs, set_), name_of(configs)
    with needs("batch"):
        from ..scoring import job

    if source is None:
        from ..data.dataset import current

        source = str(current(config.data.directory).path / "test.parquet")
    if target is None:
        stem = "rows" if source.lstrip().startswith("{") else Path(source).stem
        title = re.sub(r"[^\w.=-]+", "_", stem).strip("_") or "rows"
        target = config.data.directory / "scored" / f"{title}.parquet"
    most = config.data.max_rejected_fraction
    job.run(config.serve, name, source, target, version, max_rejected_fraction=most)


def replay(
    url: Annotated[
        str | None, typer.Option(help="The server; default: serve.host and serve.port.")
    ] = None,
    rows: Annotated[int | None, typer.Option(help="Send only the first rows.", min=1)] = None,
    key: Annotated[
        str | None, typer.Option(help="The server's API key.", envvar=KEY_VARIABLE)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Send the test rows to the running server, and then their labels."""
    config = config_of(configs, set_)
    with needs("monitor"):
        from ..monitoring import replay as traffic

    traffic.run(config, url, rows, key=key)


def monitor(
    fail_on_alert: Annotated[
        bool,
        typer.Option("--fail-on-alert", help=f"Exit with {AlertRaised.exit_code} on an alert."),
    ] = False,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
    _json: Json = False,
) -> None:
    """Check the served predictions for drift, quality and faults."""
    config, name = config_of(configs, set_), name_of(configs)
    with needs("monitor"):
        from ..monitoring import job

    alerts = job.run(config, name)
    if fail_on_alert and alerts:
        raise AlertRaised("; ".join(alert.text for alert in alerts))


def alerts(
    recent: Annotated[int, typer.Option(help="How many resolved alerts to show.", min=0)] = 10,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
    _json: Json = False,
) -> None:
    """Show the open alerts and the newest resolved ones."""
    config, name = config_of(configs, set_), name_of(configs)
    with needs("monitor"):
        from ..monitoring.alerts import show_alerts

    show_alerts(config.monitor, name, recent)


def demo(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Run every stage: data, train, serve, score, replay, monitor."""
    with needs("all"):
        from ..demo import run

    run(configs, set_ or [])


@contracts.command("show")
def show_contract(configs: Folder = CONFIGS, _json: Json = False) -> None:
    """Show the columns of a row, with their roles, types and rules."""
    contract, rows = contract_of(configs), []
    for name, column in contract.columns.items():
        rules = descriptions(contract, name) + ["personal"] * column.pii + ["slice"] * column.slice
        rows.append((name, contract.role(name), column.type, ", ".join(rules), column.why))
    positive = "" if contract.positive is None else f" = {contract.positive}"
    title = f"{contract.name}: {contract.target}{positive}, days in {contract.timezone}"
    table(title, ["column", "role", "type", "rules", "why"], rows)


def promote(
    version: Which,
    why: Why = "",
    override: Annotated[
        str | None, typer.Option(help="Serve a version that its gate refused, for this reason.")
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


def history(configs: Folder = CONFIGS, set_: Overrides = None, _json: Json = False) -> None:
    """Show the versions, and which served when."""
    from ..training.promote import show_history

    show_history(_versions(configs, set_)[1])


def card(version: Which = "champion", configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Print a version's model card, with the reason if it served against its gate."""
    from ..training.promote import card_of

    versions = _versions(configs, set_)[1]
    say(card_of(versions, versions.find(version)))


def _versions(configs: Path, overrides: list[str] | None) -> tuple[Config, Versions]:
    config = config_of(configs, overrides)
    return config, Versions(config.train.bundles, name_of(configs))
