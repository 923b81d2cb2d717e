"""Composition root: arguments → configuration → one job; errors → exit codes.

Jobs are imported inside their command, so that ``serve`` never loads what only training needs.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import __version__
from .config import Config, load
from .contract import load_contract
from .errors import AlertRaised, ConfigError, MissingExtraError, ProjectError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From raw tables to a trained, gated, served and monitored model.",
)

if TYPE_CHECKING:
    from .models.versions import Versions
    from .training.tracking import Tracker

Folder = Annotated[
    Path, typer.Option("--configs", help="Folder of contract.yaml and the settings.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting; may be repeated."),
]
Why = Annotated[str, typer.Option(help="The reason, for the history.")]
CONFIGS = Path("configs")
CONTRACT = "contract.yaml"


def main() -> None:
    """Run a command; a ``ProjectError`` is printed and becomes its exit code."""
    try:
        app()
    except ProjectError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


contracts = typer.Typer(no_args_is_help=True, help="Look at the data contract.")
app.add_typer(contracts, name="contract")


@contracts.command("show")
def show_contract(configs: Folder = CONFIGS) -> None:
    """Show the row that model, requests, reports and tests see."""
    from .compatibility import show

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
    from .compatibility import compare, show_changes

    changes = compare(load_contract(old), load_contract(new))
    show_changes(changes)
    if fail_on_breaking and any(change.breaking for change in changes):
        raise ConfigError(f"'{new}' breaks callers of '{old}'")


@contracts.command("schema")
def write_schema(configs: Folder = CONFIGS) -> None:
    """Write the JSON Schema by which editors complete and check contract.yaml."""
    from .compatibility import write_schema

    write_schema(configs / "contract.schema.json")


@app.command()
def data(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Make the dataset version that sources, contract and transform describe."""
    with _needs("train"):
        from .data import job

    job.run(load_contract(configs / CONTRACT), _config(configs, set_).data)


@app.command()
def train(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Train on the current dataset, gate, register; the first to pass is served."""
    with _needs("train"):
        from .training import job

    job.run(_config(configs, set_))


@app.command()
def serve(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Answer predictions over HTTP from the served bundle."""
    from .serving import server

    config = _config(configs, set_).serve
    if config.model is None and (configs / CONTRACT).exists():
        config = config.model_copy(update={"model": _name(configs)})
    server.serve(config)


@app.command()
def score(
    source: Annotated[
        Path | None, typer.Argument(help="CSV or Parquet; default: the test rows.")
    ] = None,
    target: Annotated[Path | None, typer.Option("--output", help="Parquet file to write.")] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Score a file through the same graph as the server."""
    with _needs("batch"):
        from .serving import score as batch

    config = _config(configs, set_)
    if source is None:
        from .data.dataset import current

        source = current(config.data.directory).path / "test.parquet"
    target = target or config.data.directory / "scored" / f"{source.stem}.parquet"
    batch.run(config.serve, _name(configs), source, target)


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
    with _needs("monitor"):
        from .monitoring import replay as traffic

    traffic.run(_config(configs, set_), url, rows)


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
    with _needs("monitor"):
        from .monitoring import job

    summary = job.run(_config(configs, set_), _name(configs))
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
    from .training import registry

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
    from .training import registry

    versions, tracker = _registry(configs, set_)
    registry.rollback(versions, tracker, to, why)
    registry.show_history(versions)


@app.command()
def history(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show the versions and what has served."""
    from .training import registry

    registry.show_history(_registry(configs, set_)[0])


@app.command()
def demo(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Run the whole path: data, train, serve, score, replay, monitor, stop."""
    with _needs("all"):
        from .demo import run

    run(configs, set_ or [])


@app.command()
def version() -> None:
    """Print the project's version."""
    print(__version__)


@contextmanager
def _needs(extra: str) -> Iterator[None]:
    """Around a job's import: a library that is not there becomes the command that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in {"", __package__}:  # a fault of our own
            raise
        raise MissingExtraError(library, extra) from None


def _config(configs: Path, overrides: list[str] | None) -> Config:
    return load(configs, overrides or [])


def _name(configs: Path) -> str:
    return load_contract(configs / CONTRACT).name


def _registry(configs: Path, overrides: list[str] | None) -> "tuple[Versions, Tracker]":
    from .models.versions import Versions
    from .training.tracking import tracker

    config, name = _config(configs, overrides), _name(configs)
    versions = Versions(config.train.bundles, name)
    return versions, tracker(config.train.tracking_uri, config.train.artifacts, name)
