"""The commands that run one job each, and the version."""

from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..contract import load_contract
from ..errors import AlertRaised
from .options import (
    CONFIGS,
    CONTRACT,
    Folder,
    Overrides,
    config_of,
    name_of,
    needs,
    refuse_newer_contract,
)

KEY_VARIABLE = f"{__name__.partition('.')[0].upper()}_KEY"
"""Holds an API key, which others would see on the command line."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (data, train, serve, replay, monitor, demo, version):
        app.command()(command)


def data(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Make the dataset version that sources, contract and transform describe."""
    contract, settings = load_contract(configs / CONTRACT), config_of(configs, set_).data
    with needs("train"):
        from ..data import job

    job.run(contract, settings)


def train(
    over: Annotated[
        Path | None,
        typer.Option("--with", metavar="FILE", help="Settings that go over those of configs."),
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Train on the current dataset, gate, register; the first to pass is served."""
    config = config_of(configs, set_, over)
    refuse_newer_contract(configs, config)
    with needs("train"):
        from ..training import job

    job.run(config)


def serve(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Answer predictions over HTTP from the served bundle."""
    config = config_of(configs, set_)
    if config.serve.model is None and (configs / CONTRACT).exists():
        named = config.serve.model_copy(update={"model": name_of(configs)})
        config = config.model_copy(update={"serve": named})
    from ..serving import server

    server.serve(config)


def replay(
    url: Annotated[
        str | None, typer.Option(help="The server; default: serve.host and serve.port.")
    ] = None,
    rows: Annotated[int | None, typer.Option(help="Play only the first rows.", min=1)] = None,
    key: Annotated[
        str | None, typer.Option(help="The server's API key.", envvar=KEY_VARIABLE)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Play the test rows against the running server, labels later."""
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
    """Judge drift and quality of what was served."""
    config, name = config_of(configs, set_), name_of(configs)
    with needs("monitor"):
        from ..monitoring import job

    summary = job.run(config, name)
    if fail_on_alert and summary.alerts:
        raise AlertRaised("; ".join(summary.alerts))


def demo(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Run the whole path: data, train, serve, score, replay, monitor, stop."""
    with needs("all"):
        from ..demo import run

    run(configs, set_ or [])


def version() -> None:
    """Print the project's version."""
    print(__version__)
