"""The commands of core: each reads its settings, imports its job and runs it."""

import re
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..arguments import (
    CONFIGS,
    Folder,
    Json,
    Overrides,
    config_of,
    contract_of,
    name_of,
    refuse_newer_contract,
)
from ..config import Config
from ..errors import AlertRaised, ConfigError
from ..models.versions import Versions

SOURCE = (
    "CSV, Parquet or JSON Lines: a file, a folder, or a pattern in quotes; or a source as in"
    " contract.yaml, such as '{csv: rows.csv, delimiter: ;}'; default: the test rows."
)
KEY_VARIABLE = f"{__name__.partition('.')[0].upper()}_KEY"
"""The variable for an API key, which others would see on the command line."""
Why = Annotated[str, typer.Option(help="The reason; the history keeps it.")]

keys = typer.Typer(no_args_is_help=True, help="Make the server's API keys.")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    jobs = (data, train, serve, score, replay, monitor)
    for command in (*jobs, promote, rollback, history):
        app.command()(command)
    app.add_typer(keys, name="keys")


def data(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Make a dataset from the sources, with the contract and data/transform.py."""
    contract, settings = contract_of(configs), config_of(configs, set_).data
    settings.refuse_unknown(contract.sources, contract.columns)
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
    from ..training import job

    job.run(config)


def serve(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Answer prediction requests over HTTP with the served version."""
    config = config_of(configs, set_)
    named = {"model": config.serve.model or name_of(configs)}
    config = config.model_copy(update={"serve": config.serve.model_copy(update=named)})
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
    """Check the served predictions for drift, quality and faults; show the open alerts."""
    config, name = config_of(configs, set_), name_of(configs)
    from ..monitoring import job

    alerts = job.run(config, name)
    if fail_on_alert and alerts:
        raise AlertRaised("; ".join(alert.text for alert in alerts))


@keys.command("new")
def new_key(
    name: Annotated[str, typer.Argument(help="The key's name, such as billing-2026.")],
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Make a key, print it once, and add its hash and name to the file of keys.

    To revoke a key, delete its line; a running server follows within 2 seconds.
    """
    from ..serving.auth import new_key

    path = config_of(configs, set_).serve.keys
    if path is None:
        raise ConfigError("serve.keys is null; set it to the file that is to hold the keys")
    new_key(path, name, partial(print, flush=True))
    note = f"kept as a hash in '{path}', so shown this once; send it as Authorization: Bearer KEY"
    print(note, file=sys.stderr)  # so that KEY=$(... keys new NAME) holds the key alone


def promote(
    version: Annotated[str, typer.Argument(help="A number, or champion for the served version.")],
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
    mirror(config.train, versions, config.monitor.reports)


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
    mirror(config.train, versions, config.monitor.reports)


def history(configs: Folder = CONFIGS, set_: Overrides = None, _json: Json = False) -> None:
    """Show the versions with their gates, and which served when."""
    from ..training.promote import show_history

    show_history(_versions(configs, set_)[1])


def _versions(configs: Path, overrides: list[str] | None) -> tuple[Config, Versions]:
    config = config_of(configs, overrides)
    return config, Versions(config.train.bundles, name_of(configs))
