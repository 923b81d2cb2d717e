"""Composition root: arguments → configuration → one job; errors → exit codes.

Jobs are imported inside their command, so that ``serve`` never loads what only training needs.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..contract import load_contract
from ..errors import AlertRaised, ProjectError
from .adopt import adopt
from .bundle import bundle
from .doctor import doctor
from .elsewhere import encode, import_  # part: imported
from .explain import explain  # part: explain
from .keys import keys
from .logs import logs
from .look import contracts, datasets
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
from .registry import COMMANDS, registry
from .report import report
from .score import score
from .tune import tune  # part: tuning
from .watch import alerts

KEY_VARIABLE = f"{__name__.partition('.')[0].upper()}_KEY"
"""Holds an API key, which others would see on the command line."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From raw tables to a trained, gated, served and monitored model.",
)

app.command()(adopt)
app.command()(alerts)
app.command()(doctor)
app.command()(explain)  # part: explain
app.command()(report)
app.command()(score)
app.command()(tune)  # part: tuning
app.add_typer(contracts, name="contract")
app.add_typer(datasets, name="dataset")
bundle.command()(encode)  # part: imported
bundle.command("import")(import_)  # part: imported
app.add_typer(bundle, name="bundle")
app.add_typer(keys, name="keys")
app.add_typer(logs, name="logs")

for named in COMMANDS:
    app.command()(named)
app.add_typer(registry, name="registry")


def main() -> None:
    """Run a command; a ``ProjectError`` is printed and becomes its exit code."""
    try:
        app()
    except ProjectError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


@app.command()
def data(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Make the dataset version that sources, contract and transform describe."""
    with needs("train"):
        from ..data import job

    job.run(load_contract(configs / CONTRACT), config_of(configs, set_).data)


@app.command()
def train(
    over: Annotated[
        Path | None,
        typer.Option("--with", metavar="FILE", help="Settings that go over those of configs."),
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Train on the current dataset, gate, register; the first to pass is served."""
    with needs("train"):
        from ..training import job

    config = config_of(configs, set_, over)
    refuse_newer_contract(configs, config)
    job.run(config)


@app.command()
def serve(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Answer predictions over HTTP from the served bundle."""
    from ..serving import server

    config = config_of(configs, set_).serve
    if config.model is None and (configs / CONTRACT).exists():
        config = config.model_copy(update={"model": name_of(configs)})
    server.serve(config)


@app.command()
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
    with needs("monitor"):
        from ..monitoring import replay as traffic

    traffic.run(config_of(configs, set_), url, rows, key=key)


@app.command()
def monitor(
    fail_on_alert: Annotated[
        bool,
        typer.Option("--fail-on-alert", help=f"Exit with {AlertRaised.exit_code} on an alert."),
    ] = False,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Judge drift and quality of what was served."""
    with needs("monitor"):
        from ..monitoring import job
        from .mirror import mirror

    config, name = config_of(configs, set_), name_of(configs)
    summary = job.run(config, name)
    mirror(config, name, summary.version)
    if fail_on_alert and summary.alerts:
        raise AlertRaised("; ".join(summary.alerts))


@app.command()
def demo(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Run the whole path: data, train, serve, score, replay, monitor, stop."""
    with needs("all"):
        from ..demo import run

    run(configs, set_ or [])


@app.command("demo-drift")  # part: demo-drift
def demo_drift(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Replay the test rows week by week, break something, and watch monitoring find it."""
    with needs("all"):
        from ..demo_drift import run

    run(configs, set_ or [])


@app.command()
def version() -> None:
    """Print the project's version."""
    print(__version__)
