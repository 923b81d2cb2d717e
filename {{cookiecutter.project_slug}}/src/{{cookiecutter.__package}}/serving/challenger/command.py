"""The command ``challenge``: which version challenges the one that serves, and since when."""

from typing import TYPE_CHECKING, Annotated

import typer

from ...cli.options import CONFIGS, Folder, Overrides, config_of, name_of
from ...errors import ConfigError
from ...models.versions import Versions

if TYPE_CHECKING:
    from ...models.challenger import Route


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(challenge)


def challenge(
    version: Annotated[
        str | None, typer.Argument(help="The challenger's number; none shows what challenges.")
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="Of the requests; default: 0.1, in the shadow 1.")
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Only log what it would answer.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the challenge.")] = False,
    why: Annotated[str, typer.Option(help="The reason, for the history.")] = "",
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Let another version answer a share of the requests, or shadow them; show every challenge."""
    from . import manage

    config = config_of(configs, set_)
    versions = Versions(config.serve.bundles, name_of(configs))
    if stop and version is None:
        manage.stop(versions, why)
    elif stop:
        raise ConfigError("--stop ends the challenge that runs; leave the version out")
    elif version is not None:
        route: Route = "shadow" if shadow else "challenger"
        manage.start(versions, version, route, share, why)
    manage.show_challenges(versions)
