"""Commands about versions: what serves, why, and what came before."""

from pathlib import Path
from typing import Annotated

import typer

from ..arguments import CONFIGS, Folder, Overrides, config_of, name_of
from ..config import Config
from ..errors import RegistryError
from ..models.versions import Versions
from ..terminal import say

registry = typer.Typer(no_args_is_help=True, help="Keep the tracker complete.")
Why = Annotated[str, typer.Option(help="The reason, for the history.")]
Which = Annotated[str, typer.Argument(help="A version's number, champion or challenger.")]


def promote(
    version: Which,
    why: Why = "",
    override: Annotated[
        str | None, typer.Option(help="The reason to serve a version that did not pass its gate.")
    ] = None,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Serve a version that passed its gate."""
    from ..training.promote import promote
    from ..training.tracking import mirror

    config, versions = _versions(configs, set_)
    promote(versions, version, why, override)
    mirror(config, versions)


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
    mirror(config, versions)


def history(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show the versions, and what has served."""
    from ..training.promote import show_history

    show_history(_versions(configs, set_)[1])


def card(version: Which = "champion", configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Print a version's model card, and why it served against its gate if it did."""
    from ..training.promote import card_of

    _, versions = _versions(configs, set_)
    say(card_of(versions, versions.find(version)))


@registry.command("repair")
def repair(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Send the tracker every run, version and alias that it misses."""
    from ..training.tracking import mirror

    config, versions = _versions(configs, set_)
    if not mirror(config, versions):
        raise RegistryError(f"the mirror of {versions.name} is not repaired; see above")
    say(f"repaired  {versions.name}: {len(versions.all())} versions are mirrored")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (promote, rollback, history, card):
        app.command()(command)
    app.add_typer(registry, name="registry")


def _versions(configs: Path, overrides: list[str] | None) -> tuple[Config, Versions]:
    config = config_of(configs, overrides)
    return config, Versions(config.train.bundles, name_of(configs))
