"""Commands that run one job each, and ``version``."""

import re
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..arguments import (
    CONFIGS,
    CONTRACT,
    Folder,
    Overrides,
    config_of,
    name_of,
    needs,
    refuse_newer_contract,
)
from ..contract import load_contract
from ..errors import AlertRaised

SOURCE = (
    "CSV, Parquet or JSON Lines: a file, a pattern in quotes, or a folder; or a source as in"
    " contract.yaml, such as '{csv: rows.csv, delimiter: ;}'. Default: the test rows."
)
KEY_VARIABLE = f"{__name__.partition('.')[0].upper()}_KEY"
"""The variable for an API key, which others would see on the command line."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (data, train, serve, score, replay, monitor, demo, version):
        app.command()(command)


def data(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Make a dataset from the sources, by the contract and data/transform.py."""
    contract, settings = load_contract(configs / CONTRACT), config_of(configs, set_).data
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
) -> None:
    """Train on the current dataset and register the model; serve the first that passes the gate."""
    config = config_of(configs, set_, over)
    refuse_newer_contract(configs, config)
    with needs("train"):
        from ..training import job

    job.run(config)


def serve(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Answer predictions over HTTP, by the served version."""
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
        typer.Option("--output", help="The Parquet file. Default: data/scored/SOURCE.parquet."),
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="The version; default: the served one.", min=1)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Predict the rows of a file, with the same graph as the server.

    The file is there whole or not at all. Rows that break the contract are in quarantine/ beside it.
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
    """Send the test rows to the running server, and their labels after them."""
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
) -> None:
    """Check the served predictions for drift, quality and faults."""
    config, name = config_of(configs, set_), name_of(configs)
    with needs("monitor"):
        from ..monitoring import job

    summary = job.run(config, name)
    if fail_on_alert and summary.alerts:
        raise AlertRaised("; ".join(summary.alerts))


def demo(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Run every stage in turn: data, train, serve, score, replay, monitor."""
    with needs("all"):
        from ..demo import run

    run(configs, set_ or [])


def version() -> None:
    """Print the project's version."""
    print(__version__)
