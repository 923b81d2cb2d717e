"""The command that scores many rows at once."""

import re
from pathlib import Path
from typing import Annotated

import typer

from .options import CONFIGS, Folder, Overrides, config_of, name_of, needs


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(score)


def score(
    source: Annotated[
        str | None,
        typer.Argument(
            help="CSV, Parquet or JSON Lines: a file, a pattern in quotes, or a folder; or a source"
            " as in contract.yaml, such as '{csv: rows.csv, delimiter: ;}'. Default: the test rows."
        ),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="The Parquet file. Default: data/scored/SOURCE.parquet.",
        ),
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="The version; default: the one that serves.", min=1)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Score rows through the same graph as the server.

    The file is there whole or not at all. Rows that break the contract are in quarantine/ beside it.
    """
    with needs("batch"):
        from ..scoring import job

    config = config_of(configs, set_)
    if source is None:
        from ..data.dataset import current

        source = str(current(config.data.directory).path / "test.parquet")
    if target is None:
        name = "rows" if source.lstrip().startswith("{") else Path(source).stem
        title = re.sub(r"[^\w.=-]+", "_", name).strip("_") or "rows"
        target = config.data.directory / "scored" / f"{title}.parquet"
    job.run(config.serve, name_of(configs), source, target, version)
