"""The command ``tune``."""

import typer

from ...arguments import CONFIGS, Folder, Overrides, config_of, refuse_newer_contract
from .settings import tuning_of


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(tune)


def tune(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Search for the settings that are best on validation rows; write them for train --with."""
    config = config_of(configs, set_)
    tuning_of(config)  # a wrong setting is refused before anything is loaded
    refuse_newer_contract(configs, config)
    from . import job

    job.run(config)
