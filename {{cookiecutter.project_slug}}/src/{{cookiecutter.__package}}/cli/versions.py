"""Commands about versions: serve one, compare them, and trace a prediction to its sources."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..arguments import CONFIGS, Folder, Overrides, config_of, name_of, needs
from ..models.versions import Versions
from ..terminal import say

if TYPE_CHECKING:
    from ..training.tracking.outbox import Outbox

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
    from ..training.registry import promotion
    from ..training.registry.history import show_history

    outbox = _outbox(configs, set_)
    promotion.promote(outbox, version, why, override)
    show_history(outbox.versions)


def rollback(
    to: Annotated[
        str | None, typer.Option(help="The version; default: the one that served before.")
    ] = None,
    why: Why = "",
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Serve the version that served before."""
    from ..training.registry import promotion
    from ..training.registry.history import show_history

    outbox = _outbox(configs, set_)
    promotion.rollback(outbox, to, why)
    show_history(outbox.versions)


def history(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Show the versions, and which of them served when."""
    from ..training.registry.history import show_history

    show_history(_versions(configs, set_))


def card(version: Which = "champion", configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Print a version's model card."""
    from ..training.registry.history import card_of

    versions = _versions(configs, set_)
    say(card_of(versions, versions.find(version)))


def compare(
    one: Which, other: Which = "champion", configs: Folder = CONFIGS, set_: Overrides = None
) -> None:
    """Show what differs between two versions, and the metrics of both."""
    versions = _versions(configs, set_)
    with needs("train"):
        from ..training.registry.compare import show_comparison

    show_comparison(versions, versions.find(one), versions.find(other))


def lineage(
    what: Annotated[
        str, typer.Argument(help="A request's id, a version, or the first letters of a dataset.")
    ],
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Show the version, bundle, dataset, sources and commit behind a prediction."""
    config, name = config_of(configs, set_), name_of(configs)
    with needs("batch"):
        from ..training.registry.lineage import show_lineage

    show_lineage(config, name, what)


@registry.command("repair")
def repair(configs: Folder = CONFIGS, set_: Overrides = None) -> None:
    """Send the tracker every run, version and alias that it does not have."""
    from ..training.registry import promotion

    promotion.repair(_outbox(configs, set_))


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (promote, rollback, history, card, compare, lineage):
        app.command()(command)
    app.add_typer(registry, name="registry")


def _versions(configs: Path, overrides: list[str] | None) -> Versions:
    return Versions(config_of(configs, overrides).train.bundles, name_of(configs))


def _outbox(configs: Path, overrides: list[str] | None) -> "Outbox":
    from ..training.tracking import tracker_of
    from ..training.tracking.outbox import Outbox

    config, name = config_of(configs, overrides), name_of(configs)
    versions = Versions(config.train.bundles, name)
    return Outbox(versions, tracker_of(config.train, name), config.monitor.reports)
