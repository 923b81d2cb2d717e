"""The command that scores many rows at once."""

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
            help="A name that ends in .parquet for one file; else a folder of parts."
            " Default: data/scored/SOURCE.parquet.",
        ),
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="The version; default: the one that serves.", min=1)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Score rows through the same graph as the server.

    The same command resumes a run that was killed. Rows that break the contract are in
    quarantine/ beside the output.
    """
    with needs("batch"):
        from ..serving.score import job
        from ..serving.score.source import Ask

    config = config_of(configs, set_)
    if source is None:
        from ..data.dataset import current

        source = str(current(config.data.directory).path / "test.parquet")
    ask = Ask(where=source)
    target = target or config.data.directory / "scored" / f"{ask.title}.parquet"
    job.run(config.serve, name_of(configs), ask, target, version)
