"""Composition root: arguments → configuration → one job; errors → exit codes.

Jobs are imported inside their command, so that ``serve`` never loads what only training needs.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import __version__
from ..contract import load_contract
from ..errors import AlertRaised, ConfigError, ProjectError
from .adopt import adopt
from .look import contracts, datasets
from .options import CONFIGS, CONTRACT, Folder, Overrides, config_of, name_of, needs

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From raw tables to a trained, gated, served and monitored model.",
)

app.command()(adopt)
app.add_typer(contracts, name="contract")
app.add_typer(datasets, name="dataset")

if TYPE_CHECKING:
    from ..models.versions import Versions
    from ..training.tracking import Tracker

Why = Annotated[str, typer.Option(help="The reason, for the history.")]


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
def train(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Train on the current dataset, gate, register; the first to pass is served."""
    with needs("train"):
        from ..data.dataset import current
        from ..training import job

    config = config_of(configs, set_)
    if current(config.data.directory).contract.hash != load_contract(configs / CONTRACT).hash:
        raise ConfigError(f"'{configs / CONTRACT}' is newer than the dataset; run: make data")
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
def score(
    source: Annotated[
        Path | None, typer.Argument(help="CSV or Parquet; default: the test rows.")
    ] = None,
    target: Annotated[Path | None, typer.Option("--output", help="Parquet file to write.")] = None,
    version: Annotated[
        int | None, typer.Option(help="The version; default: the one that serves.", min=1)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Score a file through the same graph as the server."""
    with needs("batch"):
        from ..serving import score as batch

    config = config_of(configs, set_)
    if source is None:
        from ..data.dataset import current

        source = current(config.data.directory).path / "test.parquet"
    target = target or config.data.directory / "scored" / f"{source.stem}.parquet"
    batch.run(config.serve, name_of(configs), source, target, version)


@app.command()
def replay(
    url: Annotated[
        str | None, typer.Option(help="The server; default: serve.host and serve.port.")
    ] = None,
    rows: Annotated[int | None, typer.Option(help="Play only the first rows.", min=1)] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Play the test rows against the running server, labels later."""
    with needs("monitor"):
        from ..monitoring import replay as traffic

    traffic.run(config_of(configs, set_), url, rows)


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

    summary = job.run(config_of(configs, set_), name_of(configs))
    if fail_on_alert and summary.alerts:
        raise AlertRaised("; ".join(summary.alerts))


@app.command()
def promote(
    version: Annotated[int, typer.Argument(help="The version to serve.", min=1)],
    why: Why = "",
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Serve a version that passed its gate."""
    from ..training import registry

    versions, tracker = _registry(configs, set_)
    registry.promote(versions, tracker, version, why)
    registry.show_history(versions)


@app.command()
def rollback(
    to: Annotated[
        int | None, typer.Option(help="The version; default: the one before.", min=1)
    ] = None,
    why: Why = "",
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Serve the version that served before."""
    from ..training import registry

    versions, tracker = _registry(configs, set_)
    registry.rollback(versions, tracker, to, why)
    registry.show_history(versions)


@app.command()
def history(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show the versions and what has served."""
    from ..training import registry

    registry.show_history(_registry(configs, set_)[0])


@app.command()
def demo(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Run the whole path: data, train, serve, score, replay, monitor, stop."""
    with needs("all"):
        from ..demo import run

    run(configs, set_ or [])


@app.command()
def version() -> None:
    """Print the project's version."""
    print(__version__)


def _registry(configs: Path, overrides: list[str] | None) -> "tuple[Versions, Tracker]":
    from ..models.versions import Versions
    from ..training.tracking import tracker

    config, name = config_of(configs, overrides), name_of(configs)
    versions = Versions(config.train.bundles, name)
    return versions, tracker(config.train.tracking_uri, config.train.artifacts, name)
