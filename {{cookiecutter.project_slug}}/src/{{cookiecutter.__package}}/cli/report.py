"""The command that draws reports again."""

from typing import Annotated

import typer

from ..errors import RegistryError
from ..terminal import say
from .options import CONFIGS, Folder, Overrides, config_of, name_of, needs


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(
    version: Annotated[
        int | None, typer.Argument(help="The version; default: the newest.", min=1)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Draw the report of a version, from its bundle alone."""
    with needs("train"):
        from ..models.versions import Versions
        from ..training.report.page import PAGE, write

    config, name = config_of(configs, set_), name_of(configs)
    versions = Versions(config.train.bundles, name)
    known = versions.all()
    if version is None and not known:
        raise RegistryError(f"{name} has no version yet; train one with: make train")
    chosen = known[-1] if version is None else versions.get(version)
    say(f"report    {write(versions, chosen, config.monitor.reports) / PAGE}")
