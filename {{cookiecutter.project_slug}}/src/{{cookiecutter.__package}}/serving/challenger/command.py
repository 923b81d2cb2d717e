"""The command ``challenge``: starts, shows and stops a challenge to the served version."""

from typing import Annotated

import typer

from ...arguments import CONFIGS, Folder, Overrides, config_of, name_of
from ...models.versions import Versions
from ...terminal import say

VERSION = "The second version's number, or stop; default: show the challenge."
SHARE = "Its share of the requests; default: 0.1, or 1 with --shadow."


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(challenge)


def challenge(
    version: Annotated[str | None, typer.Argument(help=VERSION)] = None,
    share: Annotated[float | None, typer.Option(help=SHARE, min=0, max=1)] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Only log its predictions.")] = False,
    configs: Folder = CONFIGS,
    set_: Overrides = None,
) -> None:
    """Let a second version answer some requests, or shadow them; show or stop this challenge."""
    from ...models.challenger import end_challenge, read_challenge, start_challenge

    versions = Versions(config_of(configs, set_).serve.bundles, name_of(configs))
    running = read_challenge(versions)
    if version == "stop" and running:
        end_challenge(versions, running)
    elif version and version != "stop":
        share = (1.0 if shadow else 0.1) if share is None else share
        start_challenge(versions, versions.find(version), share, shadow=shadow)
    running = read_challenge(versions)
    say(f"challenge {running.text if running else 'none; start one with: challenge VERSION'}")
