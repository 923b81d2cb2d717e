"""The command ``report``: draws a report again."""

from typing import Annotated

import typer

from ...arguments import CONFIGS, Folder, Overrides, config_of, name_of
from ...errors import RegistryError


def add_to(app: typer.Typer) -> None:
    """Add the command ``report``."""
    app.command()(report)


def report(
    version: Annotated[
        int | None, typer.Argument(help="The version; default: the newest.", min=1)
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Draw a version's report again, from its bundle."""
    config, name = config_of(configs, set_), name_of(configs)
    from ...models.versions import Versions
    from .page import write

    versions = Versions(config.train.bundles, name)
    known = versions.all() if version is None else [versions.get(version)]
    if not known:
        raise RegistryError(f"{name} has no version yet; train one with: make train")
    write(versions, known[-1], config.monitor.reports)
